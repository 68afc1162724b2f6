; The setup program: `makensis` reads this, `python -m scripts.windows_setup` calls it with
;   VERSION NUMBERS (1.2.3.0) STAGE (what is installed) FILES (their list, as NSIS' commands) SIZE (KiB) OUTPUT
; and, where things are signed, SIGN: a command that signs the file whose name follows it.
;
;   homeport-setup.exe [/S] [/ALLUSERS | /CURRENTUSER] [/FIREWALL] [/NOSTART] [/D=folder]    /D is the last one
;   uninstall.exe      [/S] [/ALLUSERS | /CURRENTUSER] [/PURGE]
;
; It ends with 0: done; 1: cancelled; 3: installed, but the service could not be registered or started;
; 4: Homeport runs and could not be stopped: nothing was changed; 5: the files could not be written:
; nothing was changed; 6: the rights are missing; 7: this Windows is too old.
;
; An upgrade unpacks beside what runs, stops the service, puts three names in each other's place, and starts
; the service again: whatever goes wrong before, or in between, leaves the version that was there.

Unicode true
Target amd64-unicode
ManifestDPIAware true
ManifestLongPathAware true
!ifdef QUICK               ; for tests
  SetCompress off
!else
  SetCompressor /SOLID lzma
!endif
SetDateSave off            ; the time of a build is nothing that a file needs, and would make each build another
SetOverwrite on
AllowSkipFiles off
CRCCheck force

!define KEY "Software\Homeport"
!define UNINSTALL_KEY "Software\Microsoft\Windows\CurrentVersion\Uninstall\Homeport"
!define RULE "Homeport: what routers tell"

!define MULTIUSER_EXECUTIONLEVEL Highest
!define MULTIUSER_MUI
!define MULTIUSER_USE_PROGRAMFILES64
!define MULTIUSER_INSTALLMODE_COMMANDLINE
!define MULTIUSER_INSTALLMODE_INSTDIR "Homeport"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_KEY "${KEY}"
!define MULTIUSER_INSTALLMODE_INSTDIR_REGISTRY_VALUENAME "Folder"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_KEY "${KEY}"
!define MULTIUSER_INSTALLMODE_DEFAULT_REGISTRY_VALUENAME "Folder"
!include MultiUser.nsh
!include FileFunc.nsh
!include LogicLib.nsh
!include MUI2.nsh
!include WinVer.nsh

Name "Homeport"
OutFile "${OUTPUT}"
InstallDir ""              ; empty until /D or MultiUser says
BrandingText "Homeport ${VERSION}"
ShowInstDetails show
ShowUninstDetails show
VIProductVersion "${NUMBERS}"
!ifdef SIGN
  !uninstfinalize '${SIGN} "%1"' = 0
  !finalize '${SIGN} "%1"' = 0
!endif

Var Given      ; the folder that /D names
Var Was        ; 1 if the service ran before
Var Failed     ; 1 if a name could not be changed
Var Upgrade    ; 1 if another version is here
Var Data       ; the folder of the configuration
Var Configured ; 1 if there is a configuration
Var Code       ; what this program will end with
Var Outcome    ; a sentence for the last page
Var User       ; " --how run" where it is installed for one person: the way that needs no rights
Var Who        ; machine or user

!define MUI_ICON "homeport.ico"
!define MUI_UNICON "homeport.ico"
!define MUI_ABORTWARNING
!define MUI_FINISHPAGE_NOAUTOCLOSE
!define MUI_FINISHPAGE_TEXT "$Outcome"
!define MUI_FINISHPAGE_SHOWREADME ""
!define MUI_FINISHPAGE_SHOWREADME_TEXT "$(OpenFolder)"
!define MUI_FINISHPAGE_SHOWREADME_FUNCTION OpenData
!insertmacro MUI_PAGE_WELCOME
!insertmacro MUI_PAGE_LICENSE "${STAGE}/lib/LICENSE-Homeport.txt"
!insertmacro MULTIUSER_PAGE_INSTALLMODE
!insertmacro MUI_PAGE_DIRECTORY
!insertmacro MUI_PAGE_COMPONENTS
!insertmacro MUI_PAGE_INSTFILES
!insertmacro MUI_PAGE_FINISH
!insertmacro MUI_UNPAGE_CONFIRM
!insertmacro MUI_UNPAGE_COMPONENTS
!insertmacro MUI_UNPAGE_INSTFILES
!insertmacro MUI_LANGUAGE English
!insertmacro MUI_LANGUAGE SimpChinese
!include languages.nsh

; -- what both programs do -------------------------------------------------------------------------

; Run a program of ours out of sight; its exit status is left in $0, its words are in the details.
!macro Homeport WORDS
  nsExec::ExecToLog '"$INSTDIR\homeport.exe" ${WORDS}'
  Pop $0
!macroend

; Where the data of this kind of installation is, which words the commands need.
!macro Places UN
  Function ${UN}Places
    ${If} $MultiUser.InstallMode == AllUsers
      StrCpy $Data "$APPDATA\Homeport"
      StrCpy $User ""
      StrCpy $Who machine
    ${Else}
      StrCpy $Data "$LOCALAPPDATA\homeport"
      StrCpy $User " --how run"
      StrCpy $Who user
    ${EndIf}
    StrCpy $Configured 0
    ${If} ${FileExists} "$Data\homeport.toml"
    ${OrIf} ${FileExists} "$Data\homeport.yaml"
    ${OrIf} ${FileExists} "$Data\homeport.yml"
    ${OrIf} ${FileExists} "$Data\homeport.json"
      StrCpy $Configured 1
    ${EndIf}
  FunctionEnd

  ; Stop the agent, then see that no process uses our Python; $0 is 1 if one does.  A virus scanner may hold
  ; a file for a moment, and a process that has ended takes one to go: patience for ten seconds.
  Function ${UN}Quiet
    StrCpy $Was 0
    ${If} ${FileExists} "$INSTDIR\homeport.exe"
      !insertmacro Homeport "service status$User"
      ${If} $0 == 0
        StrCpy $Was 1
      ${EndIf}
      !insertmacro Homeport "service stop$User"
    ${EndIf}
    StrCpy $1 0
    ${Do}
      StrCpy $0 0
      ${If} ${FileExists} "$INSTDIR\lib\${PYTHON_DLL}"
        ClearErrors
        FileOpen $2 "$INSTDIR\lib\${PYTHON_DLL}" a
        ${If} ${Errors}
          StrCpy $0 1
        ${Else}
          FileClose $2
        ${EndIf}
      ${EndIf}
      ${If} $0 == 0
      ${OrIf} $1 == 20
        ${ExitDo}
      ${EndIf}
      IntOp $1 $1 + 1
      Sleep 500
    ${Loop}
  FunctionEnd

  Function ${UN}StartAgain
    ${If} $Was == 1
      !insertmacro Homeport "service start$User"
    ${EndIf}
  FunctionEnd

  Function ${UN}NoRights
    SetErrorLevel 6
    Quit
  FunctionEnd

  ; MultiUser asks a person, even when nobody is there to answer.
  Function ${UN}Rights
    UserInfo::GetAccountType
    Pop $0
    ${${UN}GetParameters} $1
    ClearErrors
    ${${UN}GetOptions} $1 "/AllUsers" $2
    ${IfNot} ${Errors}
    ${AndIf} $0 != "Admin"
      MessageBox MB_OK|MB_ICONSTOP "$(NeedsRights)" /SD IDOK
      Call ${UN}NoRights
    ${EndIf}
  FunctionEnd
!macroend
!insertmacro Places ""
!insertmacro Places "un."

; -- installing ------------------------------------------------------------------------------------

Function .onInit
  SetRegView 64
  StrCpy $Code 0
  ${IfNot} ${AtLeastWin10}
    MessageBox MB_OK|MB_ICONSTOP "$(TooOld)" /SD IDOK
    SetErrorLevel 7
    Quit
  ${EndIf}
  Call Rights
  StrCpy $Given $INSTDIR
  !insertmacro MULTIUSER_INIT
  ${If} $Given != ""
    StrCpy $INSTDIR $Given
  ${EndIf}
  Call Firewall
FunctionEnd

Function OpenData
  ExecShell open "$Data"
FunctionEnd

; A virus scanner looks into what has just been written, and holds it for a moment: patience for half a minute.
; $Failed is 1 if the name is still the old one.
!macro Patiently FROM TO
  StrCpy $1 0
  ${Do}
    ClearErrors
    Rename "${FROM}" "${TO}"
    ${IfNot} ${Errors}
      ${ExitDo}
    ${ElseIf} $1 == 60
      StrCpy $Failed 1
      ${ExitDo}
    ${EndIf}
    IntOp $1 $1 + 1
    Sleep 500
  ${Loop}
!macroend

; Put one name of the new version in the place of the old one.
!macro Swap NAME
  ${If} $Failed == 0
  ${AndIf} ${FileExists} "$INSTDIR\${NAME}"
    !insertmacro Patiently "$INSTDIR\${NAME}" "$INSTDIR\.homeport-old\${NAME}"
  ${EndIf}
  ${If} $Failed == 0
    !insertmacro Patiently "$INSTDIR\.homeport-new\${NAME}" "$INSTDIR\${NAME}"
  ${EndIf}
!macroend
!macro SwapBack NAME
  ${If} ${FileExists} "$INSTDIR\.homeport-old\${NAME}"
    ${If} ${FileExists} "$INSTDIR\${NAME}"
      Rename "$INSTDIR\${NAME}" "$INSTDIR\.homeport-new\${NAME}"
    ${EndIf}
    Rename "$INSTDIR\.homeport-old\${NAME}" "$INSTDIR\${NAME}"
  ${EndIf}
!macroend

Section "Homeport" Program
  SectionIn RO
  Call Places
  StrCpy $Code 5
  ; A swap that was cut short, by a power failure, is undone first.
  !insertmacro SwapBack lib
  !insertmacro SwapBack homeport.exe
  !insertmacro SwapBack homeportw.exe
  RMDir /r "$INSTDIR\.homeport-new"
  RMDir /r "$INSTDIR\.homeport-old"
  ; A folder in which somebody else's things are called as ours are: ours go into one of their own.
  ${If} ${FileExists} "$INSTDIR\lib"
  ${AndIfNot} ${FileExists} "$INSTDIR\lib\ORIGIN.txt"
    StrCpy $INSTDIR "$INSTDIR\Homeport"
  ${EndIf}
  StrCpy $Upgrade 0
  ${If} ${FileExists} "$INSTDIR\lib\ORIGIN.txt"
    StrCpy $Upgrade 1
  ${EndIf}
  ClearErrors
  !include "${FILES}"
  ${If} ${Errors}
    Abort "$(NotWritten)"
  ${EndIf}
  SetOutPath "$INSTDIR"

  Call Quiet
  ${If} $0 == 1
    StrCpy $Code 4
    MessageBox MB_OK|MB_ICONSTOP "$(StillRuns)" /SD IDOK
    Abort "$(StillRuns)"
  ${EndIf}
  CreateDirectory "$INSTDIR\.homeport-old"
  StrCpy $Failed 0
  !insertmacro Swap lib
  !insertmacro Swap homeport.exe
  !insertmacro Swap homeportw.exe
  ${If} $Failed == 1
    Abort "$(NotWritten)"
  ${EndIf}
  StrCpy $Code 0
  RMDir /r "$INSTDIR\.homeport-old"
  RMDir /r "$INSTDIR\.homeport-new"

  WriteUninstaller "$INSTDIR\uninstall.exe"
  WriteRegStr SHCTX "${KEY}" "Folder" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayName" "Homeport"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayVersion" "${VERSION}"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "DisplayIcon" "$INSTDIR\homeport.exe"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "Publisher" "Homeport"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "InstallLocation" "$INSTDIR"
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "UninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode'
  WriteRegStr SHCTX "${UNINSTALL_KEY}" "QuietUninstallString" '"$INSTDIR\uninstall.exe" /$MultiUser.InstallMode /S'
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "EstimatedSize" ${SIZE}
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoModify" 1
  WriteRegDWORD SHCTX "${UNINSTALL_KEY}" "NoRepair" 1

  CreateDirectory "$SMPROGRAMS\Homeport"
  CreateShortCut "$SMPROGRAMS\Homeport\$(StatusName).lnk" "$SYSDIR\cmd.exe" '/k ""$INSTDIR\homeport.exe" status"' \
    "$INSTDIR\homeport.exe"
  CreateShortCut "$SMPROGRAMS\Homeport\$(FolderName).lnk" "$Data"
  CreateShortCut "$SMPROGRAMS\Homeport\$(ManualName).lnk" "$INSTDIR\lib\docs\index.html"

  nsExec::ExecToLog '"$INSTDIR\lib\python.exe" -B "$INSTDIR\lib\path_entry.py" add $Who "$INSTDIR"'
  Pop $0
SectionEnd

Section /o "$(FirewallName)" FirewallRule
  ${If} $MultiUser.InstallMode == AllUsers
    nsExec::ExecToLog '"$SYSDIR\netsh.exe" advfirewall firewall delete rule name="${RULE}"'
    Pop $0
    nsExec::ExecToLog '"$SYSDIR\netsh.exe" advfirewall firewall add rule name="${RULE}" dir=in action=allow \
      program="$INSTDIR\homeport.exe" remoteip=LocalSubnet profile=private,domain enable=yes'
    Pop $0
  ${EndIf}
SectionEnd

; After everything else, since the service starts here.
Section "-Service"
  StrCpy $0 0
  StrCpy $Outcome "$(Done)"
  ${If} $Upgrade == 1
    Call StartAgain    ; as a person has set it up, and only if it ran
  ${Else}
    ; Registered, with the folders and their rights; then started, if it can be.
    !insertmacro Homeport "service install --no-start$User"
    ${GetParameters} $1
    ClearErrors
    ${GetOptions} $1 "/NOSTART" $2
    ${If} ${Errors}
    ${AndIf} $Configured == 1
    ${AndIf} $0 == 0
      !insertmacro Homeport "service start$User"
    ${EndIf}
  ${EndIf}
  CreateDirectory "$Data"    ; it is there, with its rights, unless the registration failed
  SetOutPath "$Data"
  File "${STAGE}/../example.toml"
  SetOutPath "$INSTDIR"
  ${If} $Configured == 0
    StrCpy $Outcome "$(NotConfigured)"
    DetailPrint "$Outcome"
  ${EndIf}
  ${If} $0 != 0
    StrCpy $Code 3
    StrCpy $Outcome "$(NoService)"
    DetailPrint "$Outcome"
  ${EndIf}
  SetErrorLevel $Code
SectionEnd

Function Firewall
  ${GetParameters} $1
  ClearErrors
  ${GetOptions} $1 "/FIREWALL" $2
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${FirewallRule}
  ${EndIf}
FunctionEnd

; Whatever the reason: what was there is there again.
Function .onInstFailed
  !insertmacro SwapBack lib
  !insertmacro SwapBack homeport.exe
  !insertmacro SwapBack homeportw.exe
  RMDir /r "$INSTDIR\.homeport-new"
  RMDir /r "$INSTDIR\.homeport-old"
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
  Call StartAgain
  SetErrorLevel $Code
FunctionEnd

!insertmacro MUI_FUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${Program} "$(ProgramText)"
  !insertmacro MUI_DESCRIPTION_TEXT ${FirewallRule} "$(FirewallText)"
!insertmacro MUI_FUNCTION_DESCRIPTION_END

; -- removing --------------------------------------------------------------------------------------

Section "un.Homeport" UnProgram
  SectionIn RO
  Call un.Quiet
  ${If} $0 == 1
    Call un.StartAgain
    SetErrorLevel 4
    MessageBox MB_OK|MB_ICONSTOP "$(StillRuns)" /SD IDOK
    Abort "$(StillRuns)"
  ${EndIf}
  !insertmacro Homeport "service uninstall$User"
  nsExec::ExecToLog '"$INSTDIR\lib\python.exe" -B "$INSTDIR\lib\path_entry.py" remove $Who "$INSTDIR"'
  Pop $0
  ${If} $MultiUser.InstallMode == AllUsers
    nsExec::ExecToLog '"$SYSDIR\netsh.exe" advfirewall firewall delete rule name="${RULE}"'
    Pop $0
  ${EndIf}
  RMDir /r "$SMPROGRAMS\Homeport"
  ; Only what is ours: the folder may be one in which a person keeps other things.
  RMDir /r "$INSTDIR\lib"
  RMDir /r "$INSTDIR\.homeport-new"
  RMDir /r "$INSTDIR\.homeport-old"
  Delete "$INSTDIR\homeport.exe"
  Delete "$INSTDIR\homeportw.exe"
  Delete "$INSTDIR\uninstall.exe"
  Delete "$Data\example.toml"
  SetOutPath "$TEMP"
  RMDir "$INSTDIR"
  RMDir "$Data"
  DeleteRegKey SHCTX "${UNINSTALL_KEY}"
  DeleteRegKey SHCTX "${KEY}"
SectionEnd

Section /o "un.$(PurgeName)" Purge
  RMDir /r "$Data"
SectionEnd

Function un.onInit
  SetRegView 64
  Call un.Rights
  !insertmacro MULTIUSER_UNINIT
  Call un.Places
  ${un.GetParameters} $1
  ClearErrors
  ${un.GetOptions} $1 "/PURGE" $2
  ${IfNot} ${Errors}
    !insertmacro SelectSection ${Purge}
  ${EndIf}
FunctionEnd

!insertmacro MUI_UNFUNCTION_DESCRIPTION_BEGIN
  !insertmacro MUI_DESCRIPTION_TEXT ${UnProgram} "$(ProgramText)"
  !insertmacro MUI_DESCRIPTION_TEXT ${Purge} "$(PurgeText)"
!insertmacro MUI_UNFUNCTION_DESCRIPTION_END
