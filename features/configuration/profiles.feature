Feature: a profile is a named set of settings
  A virtual server can move between networks with one word.

  Background:
    Given a guest "vs1"
    And the file "/etc/vservers/vs1.conf":
      """
      if [ "$PROFILE" = "" ]; then
      	PROFILE=prod
      fi
      case $PROFILE in
      prod)
      	IPROOT=192.0.2.20
      	S_HOSTNAME=prod.example.com
      	;;
      backup)
      	IPROOT=192.0.2.30
      	S_HOSTNAME=backup.example.com
      	;;
      esac
      IPROOTDEV=eth0
      """

  @0.22-19
  Scenario Outline: the settings are those of the chosen profile
    When I run "<environment> vserver vs1 start"
    Then the command succeeds
    And the host has the address <address> on eth0
    When I run "vserver --silent vs1 exec hostname"
    Then it prints "<name>"

    @0.22-22
    Examples:
      | environment        | address    | name               |
      | env                | 192.0.2.20 | prod.example.com   |
      | env PROFILE=backup | 192.0.2.30 | backup.example.com |

  @0.22-21
  Scenario: a line in the file selects the profile
    Given I run "sed -i '1i PROFILE=backup' /etc/vservers/vs1.conf"
    When I run "vserver vs1 start"
    Then the host has the address 192.0.2.30 on eth0
    And the host does not have the address 192.0.2.20

  @0.22-24
  Scenario: a running guest is entered with its profile, whatever the file says now
    Given the guest "vs1" is running
    And I run "sed -i '1i PROFILE=backup' /etc/vservers/vs1.conf"
    When I run "PROFILE=backup vserver --silent vs1 exec hostname"
    Then it prints "prod.example.com"
    And the host does not have the address 192.0.2.30

  @0.22-25
  Scenario: a running guest is stopped with its profile
    Given the guest "vs1" is running
    And I run "sed -i '1i PROFILE=backup' /etc/vservers/vs1.conf"
    And I run "ip addr add 192.0.2.30/24 dev eth0 label eth0:other"
    When I run "vserver vs1 stop"
    Then the host does not have the address 192.0.2.20
    And the host has the address 192.0.2.30 on eth0

  @0.22-28
  Scenario: the profile is told to the companion script and to the guest
    Given the executable file "/etc/vservers/vs1.sh":
      """
      echo $1 $PROFILE >>/tmp/log
      """
    When I run "PROFILE=backup vserver vs1 start"
    Then the file "/tmp/log" is:
      """
      pre-start backup
      post-start backup
      """
    And the file "/vservers/vs1/var/log/rc.log" has the line "PROFILE=backup"
    And the file "/vservers/vs1/etc/PROFILE" has the line "export PROFILE=backup"

  Scenario: a stopped guest forgets its profile
    Given I run "PROFILE=backup vserver vs1 start; vserver vs1 stop"
    When I run "vserver --silent vs1 exec hostname"
    Then it prints "prod.example.com"

  @0.22-23
  Scenario: the profile is recorded while the guest runs
    When I run "PROFILE=backup vserver vs1 start; tail -n 1 /var/run/vserver/vs1.ctx"
    Then the output has the line "S_PROFILE=backup"
    When I run "vserver vs1 stop; vserver vs1 running"
    Then the command fails with status 1
    And the output has the line "Server vs1 is not running"
