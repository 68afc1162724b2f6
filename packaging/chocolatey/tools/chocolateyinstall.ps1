# https://docs.chocolatey.org/en-us/create/functions/install-chocolateypackage (read 2026-11-21)
$ErrorActionPreference = 'Stop'

$parameters = Get-PackageParameters
$switches = '/S /ALLUSERS'
if ($parameters['Firewall']) { $switches += ' /FIREWALL' }
if ($parameters['NoStart']) { $switches += ' /NOSTART' }

Install-ChocolateyPackage `
  -PackageName 'homeport' `
  -FileType 'exe' `
  -SilentArgs $switches `
  -Url64bit '@URL@' `
  -Checksum64 '@SHA256@' `
  -ChecksumType64 'sha256' `
  -ValidExitCodes @(0)
