@debian-server @0.29-39
Feature: servers of datagrams share their ports with a guest as well

  Background:
    Given a guest "web"
    And the guest "web" has the setting IPROOT=192.0.2.11
    And the guest "web" has the setting IPROOTDEV=eth0
    And the guest "web" can listen and ask
    And the guest "web" is running
    And the host has the address 192.0.2.12 on eth0

  Scenario: a name server
    Given "vserver --silent web exec listen -u 0.0.0.0:53 guest" is listening
    When I run "/etc/init.d/v_named start"
    Then "host -t txt -c chaos hostname.bind ADDRESS" shows "host.example.com" at 127.0.0.1 and 192.0.2.10
    And the lan machine gets the answer "guest" from udp 192.0.2.11:53
    And the lan machine gets no answer from udp 192.0.2.12:53

  Scenario: the port mapper
    Given I run "ln -s rpcbind /etc/init.d/portmap"
    And "vserver --silent web exec listen -u 0.0.0.0:111 guest" is listening
    When I run "/etc/init.d/v_portmap start"
    Then "rpcinfo -T udp ADDRESS portmapper" shows "ready and waiting" at 127.0.0.1 and 192.0.2.10
    And the lan machine gets the answer "guest" from udp 192.0.2.11:111
    And the lan machine gets no answer from udp 192.0.2.12:111

  Scenario: what xinetd serves
    Given I run "sed -i '/disable/s/yes/no/' /etc/xinetd.d/daytime-udp"
    And "vserver --silent web exec listen -u 0.0.0.0:13 guest" is listening
    When I run "/etc/init.d/v_xinetd start"
    Then "ask -u ADDRESS:13" shows "UTC" at 127.0.0.1 and 192.0.2.10
    And the lan machine gets the answer "guest" from udp 192.0.2.11:13
    And the lan machine gets no answer from udp 192.0.2.12:13

  @0.14-03
  Scenario: two servers by one script, and both hear the broadcasts of the network
    Given the executable file "/etc/init.d/smb":
      """
      /etc/init.d/nmbd "$@"
      /etc/init.d/smbd "$@"
      """
    And I run "sed -i '/^.global/a interfaces = lo 192.0.2.10/24' /etc/samba/smb.conf"
    And "vserver --silent web exec listen -u 0.0.0.0:137 guest" is listening
    When I run "/etc/init.d/v_smb start"
    Then "nmblookup -B 192.0.2.255 __SAMBA__" shows "192.0.2.10 __SAMBA__" at 192.0.2.10
    And the lan machine gets the answer "guest from 192.0.2.11" from broadcast 192.0.2.255:137
    And "smbclient -NL //ADDRESS" shows "IPC Service" at 127.0.0.1 and 192.0.2.10
