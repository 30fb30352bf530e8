Feature: vreboot and vhalt inside a virtual server
  One static program, whatever else the virtual server lacks.

  Background:
    Given a guest "vs1" that can ask for a reboot
    And the guest "vs1" is running

  @0.2-11
  Scenario Outline: without a reboot manager nothing happens
    When the guest "vs1" runs "<command>"
    Then the command fails with status 255
    And it says "connect /dev/reboot (No such file or directory)" on standard error
    And the guest "vs1" is running

    Examples:
      | command |
      | vreboot |
      | vhalt   |

  @0.2-11
  Scenario: the reboot manager was stopped
    Given I run "/etc/init.d/rebootmgr start"
    And I run "/etc/init.d/rebootmgr stop"
    When the guest "vs1" runs "vreboot"
    Then the command fails with status 255
    And it says "connect /dev/reboot (Connection refused)" on standard error

  Scenario: another socket
    When the guest "vs1" runs "vreboot --socket /tmp/none"
    Then the command fails with status 255
    And it says "connect /tmp/none (No such file or directory)" on standard error

  Scenario: only the name of the file counts
    Given I run "mkdir /vservers/vs1/halt && cp /usr/lib/vserver/vreboot /vservers/vs1/halt/"
    And I run "cp /usr/lib/vserver/vreboot /vservers/vs1/sbin/webhalt.sh"
    And "timeout 10 nc -l -U /tmp/socket" runs in the background
    Then the file "/tmp/socket" exists
    When I run "/vservers/vs1/halt/vreboot --socket /tmp/socket"
    Then the command in the background prints "reboot"

  Scenario: in the place of halt it takes the options of that, and asks for nothing where that does nothing
    Given I run "cp /usr/lib/vserver/vreboot /tmp/halt"
    When I run "/tmp/halt -w -d --socket /tmp/none"
    Then the command succeeds
    When I run "/tmp/halt -d -fi --socket /tmp/none"
    Then it says "connect /tmp/none (No such file or directory)" on standard error
    When I run "/tmp/halt -x"
    Then standard error contains "Invalid option -x"

  Scenario: the usage
    When the guest "vs1" runs "vhalt --help"
    Then the command succeeds
    And it says on standard error:
      """
      vreboot version 0.31

      vreboot [ --socket path ]
      vhalt   [ --socket path ]
      Asks the reboot manager to restart, or to stop, this virtual server
      """

  Scenario Outline: words that are wrong
    When the guest "vs1" runs "vreboot <words>"
    Then the command fails with status 255
    And standard error contains "vreboot [ --socket path ]"

    Examples:
      | words    |
      | --force  |
      | now      |
      | --socket |

  Scenario: a new virtual server has both
    Given the root server is small
    And I run "vserver --silent vs2 build"
    When I run "cmp /usr/lib/vserver/vreboot /vservers/vs2/sbin/vreboot && readlink /vservers/vs2/sbin/vhalt"
    Then it prints "vreboot"
