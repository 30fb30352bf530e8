Feature: a virtual server asks to be restarted or stopped
  The reboot manager gives each virtual server a socket, /dev/reboot, and does on the root server
  what is asked for there: for the virtual server that the socket belongs to, and no other.

  Background:
    Given a guest "vs1" that can ask for a reboot
    And a guest "vs2" that can ask for a reboot
    And the guest "vs1" is running
    And the system log goes to "/var/log/messages"
    And I run "/etc/init.d/rebootmgr start"

  @0.2-05
  Scenario: every virtual server has its socket
    When I run "test -S /vservers/vs1/dev/reboot && test -S /vservers/vs2/dev/reboot"
    Then the command succeeds
    When the guest "vs1" runs "test -S /dev/reboot"
    Then the command succeeds

  @0.2-06
  Scenario: vreboot restarts the virtual server
    Given "sleep 4711" runs in the guest "vs1"
    Then the process "sleep 4711" runs on the host
    When the guest "vs1" runs "vreboot"
    Then the command succeeds
    And no process "sleep 4711" runs on the host
    And the guest "vs1" is running
    And the file "/var/log/messages" contains "reboot vserver vs1"

  @0.2-09
  Scenario: vhalt ends the virtual server and leaves the others alone
    Given "sleep 4711" runs in the guest "vs2"
    Then the process "sleep 4711" runs on the host
    When the guest "vs1" runs "vhalt"
    Then the command succeeds
    And the guest "vs1" is not running
    And the process "sleep 4711" runs on the host
    And the file "/var/log/messages" contains "halt vserver vs1"

  @0.2-07
  Scenario Outline: what is said never decides about which virtual server
    Given "sleep 4711" runs in the guest "vs2"
    Then the process "sleep 4711" runs on the host
    When I run "printf '<said>' | nc -N -U /vservers/vs1/dev/reboot"
    Then the file "/var/log/messages" contains "Invalid request from vserver vs1"
    And the process "sleep 4711" runs on the host
    And the guest "vs1" is running

    Examples:
      | said         |
      | reboot vs2\n |
      | halt vs2\n   |
      | Halt\n       |
      | halt\r\n     |
      | halt         |
      | \0\n         |

  Scenario: a connection may carry several requests
    When I run "printf 'reboot\nhalt\n' | nc -N -U /vservers/vs1/dev/reboot"
    Then the file "/var/log/messages" contains "reboot vserver vs1"
    And the file "/var/log/messages" contains "halt vserver vs1"
    And the guest "vs1" is not running

  Scenario: only root of the virtual server can ask
    When the guest "vs1" runs "su nobody -s /bin/sh -c vreboot"
    Then the command fails with status 255
    And it says "connect /dev/reboot (Permission denied)" on standard error

  Scenario: a virtual server that was started later has its socket, too
    Given the guest "vs1" is stopped
    And the guest "vs1" is running
    When the guest "vs1" runs "vhalt"
    Then the guest "vs1" is not running

  Scenario: a virtual server that runs goes on after a restart of the manager
    Given I run "/etc/init.d/rebootmgr restart"
    When the guest "vs1" runs "vhalt"
    Then the guest "vs1" is not running

  Scenario: a virtual server that is being stopped cannot prevent that
    Given the executable file "/vservers/vs1/etc/rc.d/rc6.d/K01vreboot":
      """
      #!/bin/sh
      vreboot
      until [ -e /heard ]; do sleep 0.1; done
      """
    And "vserver vs1 stop" runs in the background
    Then the file "/var/log/boot.log" contains "Server vs1 is running"
    When I run "touch /vservers/vs1/heard"
    Then the command in the background ends
    And no process "/usr/bin/python3 -IS /usr/sbin/vserver vs1 restart" runs on the host
    When I run "vserver vs1 running"
    Then it prints "Server vs1 is not running"

  @0.3-11
  Scenario: what the commands say goes to the boot log
    Given the file "/var/log/boot.log" with the line "what was there"
    When the guest "vs1" runs "vreboot"
    Then the file "/var/log/boot.log" has the line "Starting the virtual server vs1"
    And the file "/var/log/boot.log" has the line "Stopping the virtual server vs1"
    And the file "/var/log/boot.log" has the line "what was there"

  @0.2-08
  Scenario: the command is that of the administrator
    Given the executable file "/usr/sbin/vserver":
      """
      #!/bin/sh
      echo "vserver $*"
      """
    When I run "echo reboot | nc -N -U /vservers/vs1/dev/reboot"
    Then the file "/var/log/boot.log" has the line "vserver vs1 restart"
