; What the setup program says, in each of its languages.
!macro Say NAME ENGLISH CHINESE
  LangString ${NAME} ${LANG_ENGLISH} "${ENGLISH}"
  LangString ${NAME} ${LANG_SIMPCHINESE} "${CHINESE}"
!macroend

!insertmacro Say TooOld "Homeport needs Windows 10, Windows Server 2016 or newer." "Homeport 需要 Windows 10、Windows Server 2016 或更高版本。"
!insertmacro Say NeedsRights "Only an administrator can install or remove Homeport for all users: start this program as administrator, or with /CURRENTUSER." "只有管理员才能为所有用户安装或卸载 Homeport：请以管理员身份运行本程序，或使用 /CURRENTUSER。"
!insertmacro Say StillRuns "Homeport is running and could not be stopped. Close every window in which it runs, then try again. Nothing was changed." "Homeport 正在运行，无法停止。请关闭所有正在运行它的窗口后重试。未做任何更改。"
!insertmacro Say NotWritten "The files could not be written: is the disk full, or is a file in use? Nothing was changed." "无法写入文件：磁盘是否已满，或文件是否被占用？未做任何更改。"
!insertmacro Say NotConfigured "Homeport is installed, and not configured yet: it was not started.$\r$\n$\r$\nCopy example.toml to homeport.toml in $Data, say there which names you have and where, and type$\r$\n$\r$\nhomeport check$\r$\nhomeport service start$User" "Homeport 已安装，但尚未配置，因此没有启动。$\r$\n$\r$\n请在 $Data 中把 example.toml 复制为 homeport.toml，填写您的域名和服务商，然后输入$\r$\n$\r$\nhomeport check$\r$\nhomeport service start$User"
!insertmacro Say Done "Homeport is installed and runs. It starts by itself from now on.$\r$\n$\r$\nhomeport status tells how your names are." "Homeport 已安装并正在运行，今后会自动启动。$\r$\n$\r$\n输入 homeport status 可查看域名状态。"
!insertmacro Say NoService "Homeport is installed, but it could not be started. These tell why:$\r$\n$\r$\nhomeport check$\r$\nhomeport service status$User" "Homeport 已安装，但无法启动。以下命令会说明原因：$\r$\n$\r$\nhomeport check$\r$\nhomeport service status$User"
!insertmacro Say OpenFolder "Open the folder of the configuration" "打开配置文件夹"
!insertmacro Say StatusName "Homeport status" "Homeport 状态"
!insertmacro Say FolderName "Homeport configuration" "Homeport 配置"
!insertmacro Say ManualName "Homeport manual" "Homeport 手册"
!insertmacro Say ProgramText "The program, the command homeport, and the service that keeps it running." "程序、homeport 命令，以及保持其运行的服务。"
!insertmacro Say FirewallName "Let routers tell of changes" "允许路由器通知地址变化"
!insertmacro Say FirewallText "A rule of Windows' firewall: devices of the local network may tell Homeport at once that the address has changed. Without it Homeport asks them now and then." "添加 Windows 防火墙规则：允许本地网络中的设备立即通知 Homeport 地址已变化。没有此规则时，Homeport 会定期询问。"
!insertmacro Say PurgeName "Configuration and data" "配置和数据"
!insertmacro Say PurgeText "Remove the configuration, the state and the logs as well. They stay otherwise, for a later installation." "同时删除配置、状态和日志。否则会保留，供以后安装使用。"
