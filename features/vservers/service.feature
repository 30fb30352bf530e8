Feature: vservers is an ordinary init script

  @0.6-35
  Scenario: it brings the guests down and up around an upgrade
    Given a guest "vs1"
    And the guest "vs1" has the setting ONBOOT=yes
    And the guest "vs1" is running
    When I run "/etc/init.d/vservers stop"
    Then the guest "vs1" is not running
    When I run "/etc/init.d/vservers start"
    Then the guest "vs1" is running

  @0.6-35
  Scenario: it is switched off and on as any service
    Given I run "update-rc.d vservers defaults"
    When I run "update-rc.d vservers disable; ls /etc/rc3.d | grep vservers | cut -c 1"
    Then it prints "K"
    When I run "update-rc.d vservers enable; ls /etc/rc3.d | grep vservers | cut -c 1"
    Then it prints "S"

  Scenario: no guests at all
    Given there is no file "/etc/vservers"
    When I run "/etc/init.d/vservers start; /etc/init.d/vservers stop"
    Then the command succeeds
    And standard error is empty
    And it prints:
      """
      Starting the virtual servers
      Stopping the virtual servers
      """

  Scenario: in the background
    Given the file "/etc/vservers.conf" with the line "BACKGROUND=yes"
    And a guest "vs1"
    And the guest "vs1" has the setting ONBOOT=yes
    When I run "/etc/init.d/vservers start"
    Then it prints "Starting the virtual servers"
    And the file "/var/lock/subsys/vservers" exists
    And the guest "vs1" is running

  Scenario Outline: a stop ends a start that is at work
    Given the file "/etc/vservers.conf" with the line "BACKGROUND=<background>"
    And a guest "vs1"
    And the guest "vs1" has the setting ONBOOT=yes
    And the executable file "/vservers/vs1/etc/rc.d/rc3.d/S10slow":
      """
      #!/bin/sh
      sleep 3
      """
    And a guest "vs2"
    And the guest "vs2" has the setting ONBOOT=yes
    And "/etc/init.d/vservers start" runs in the background
    And the process "sleep 3" runs on the host
    When I run "/etc/init.d/vservers stop"
    Then the command succeeds
    And no process "/usr/bin/python3 -IS /etc/init.d/vservers start" runs on the host
    And the guest "vs1" is not running
    And the guest "vs2" is not running
    And the file "/vservers/vs2/var/log/rc.log" does not exist

    Examples:
      | background |
      | yes        |
      | no         |

  Scenario: an unknown action
    When I run "/etc/init.d/vservers begin"
    Then the command fails with status 1
    And it prints "Usage: vservers {start|stop|restart|reload|status}"

  Scenario: there is nothing to reload
    When I run "/etc/init.d/vservers reload"
    Then the command succeeds
    And it prints "Not implemented"
