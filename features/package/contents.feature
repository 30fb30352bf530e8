Feature: what the package brings
  Two packages, vserver and vserver-admin, hold the tools; no kernel is among them.

  Background:
    Given the package is not installed
    And the Debian packages 0.31 are installed

  @0.0-03 @0.4-14
  Scenario: the tools are where they always were
    Then each command is in its place and belongs to the package vserver:
      """
      /usr/sbin chbind chcontext rebootmgr reducecap vdu vfiles vkill vnetstat vps vpstree
      /usr/sbin vrpm vserver vserver-copy vserver-stat vtop
      /usr/lib/vserver capchroot distrib-info fakerunlevel filetime ifspec listdevip
      /usr/lib/vserver parserpmdump printconf.sh readlink rootshell routeschanged save_s_context
      /usr/lib/vserver setattr showattr showperm vbuild vcheck vdu vprofile vreboot vserverkillall
      /usr/lib/vserver vservers.grabinfo.sh vsysvwrapper vunify
      /etc/init.d rebootmgr v_gated v_httpd v_named v_portmap v_sendmail v_smb v_sshd
      /etc/init.d v_xinetd vservers
      """

  Scenario: what some tools alone need is recommended
    When I run "dpkg-query -W -f '${Recommends}\n' vserver"
    Then it prints "procps, psmisc, rpm, rsync, openssh-client"

  @0.3-04
  Scenario: the licence is part of it
    When I run "dpkg -L vserver | grep LICENSE"
    Then it prints "/usr/share/doc/vserver/LICENSE"
    And the file "/usr/share/doc/vserver/LICENSE" contains "GNU GENERAL PUBLIC LICENSE"

  @0.9-09
  Scenario: what newvserver needs is in the second package
    When I run "dpkg -S /etc/vservers/newvserver.defaults"
    Then it prints "vserver-admin: /etc/vservers/newvserver.defaults"

  @0.1-07
  Scenario: the services confined to some addresses are not enabled
    When I run "ls /etc/rc?.d | grep '^S.*v_'"
    Then it prints nothing

  @0.2-10
  Scenario: of the services, only vservers is enabled for systemd
    When I run "ls /etc/systemd/system/multi-user.target.wants | grep -E '^(v_|vservers|rebootmgr)'"
    Then it prints "vservers.service"

  @0.29-07
  Scenario: the Debian package runs a guest of Debian's layout, in a root of the administrator's choice
    Given a guest "web" with a Debian layout
    And I run "mkdir -p /srv && cp -a /vservers /srv/guests && rm -r /vservers/web"
    And I run "echo VSERVERS_ROOT=/srv/guests >/etc/vservers.conf"
    When I run "vserver web start"
    Then the command succeeds
    When I run "vserver web stop"
    Then the command succeeds
