# The program goes; the configuration, the state and the logs in C:\ProgramData\Homeport stay.
$ErrorActionPreference = 'Stop'

[array] $keys = Get-UninstallRegistryKey -SoftwareName 'Homeport'
foreach ($key in $keys) {
  # UninstallString is "C:\...\uninstall.exe" /AllUsers: the program in quotes, then its words.
  $file = ($key.UninstallString -split '"')[1]
  # `_?=` keeps the uninstaller in its place, so that it can be waited for; its folder is the last word.
  $folder = Split-Path -Parent $file
  Uninstall-ChocolateyPackage `
    -PackageName 'homeport' `
    -FileType 'exe' `
    -SilentArgs "/S /ALLUSERS _?=$folder" `
    -File $file `
    -ValidExitCodes @(0)
  Remove-Item -Path $file -Force -ErrorAction SilentlyContinue
  Remove-Item -Path $folder -Force -ErrorAction SilentlyContinue
}
