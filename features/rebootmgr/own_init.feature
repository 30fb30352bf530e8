Feature: a virtual server with an init of its own shuts itself down
  The root server sees the run level that its shutdown, reboot or halt leads to, and does what
  vreboot or vhalt would have asked for.

  Background:
    Given a guest "own" with an init of its own
    And the guest "own" is running
    And the system log goes to "/var/log/messages"
    And I run "/etc/init.d/rebootmgr start"
    And I run "until grep level.3 /vservers/own/var/log/init.log; do sleep 0.1; done"

  Scenario Outline: to be started again
    When the guest "own" runs "<command>"
    Then the file "/var/log/messages" contains "reboot vserver own"
    And the file "/var/log/boot.log" has the line "Starting the virtual server own"
    And the file "/vservers/own/var/log/init.log" has the line "level 6"
    And the guest "own" is running

    Examples:
      | command         |
      | shutdown -r now |
      | init 6          |

  Scenario: to stay down
    When the guest "own" runs "shutdown -h now"
    Then the file "/var/log/messages" contains "halt vserver own"
    And the guest "own" is not running

  Scenario: the administrator stops it
    When I run "vserver own stop; sleep 5; grep -c own /var/log/messages"
    Then the output has the line "0"
    And the guest "own" is not running

  Scenario: after it was restarted by the administrator
    Given I run "vserver own restart"
    When the guest "own" runs "shutdown -h now"
    Then the guest "own" is not running

  Scenario Outline: an init that records nothing, or that is not asked
    Given I run "vserver own stop && ln -sf /bin/busybox /vservers/own/sbin/init"
    And I run "cp --remove-destination /usr/lib/vserver/vreboot /vservers/own/sbin/"
    And I run "cd /vservers/own/sbin && for name in reboot halt poweroff; do ln -sf vreboot $name; done"
    And the guest "own" is running
    When the guest "own" runs "<command>"
    Then the command succeeds
    And the file "/var/log/messages" contains "<request> vserver own"
    And the file "/var/log/boot.log" has the line "<line>"

    Examples:
      | command    | request | line                            |
      | reboot     | reboot  | Starting the virtual server own |
      | reboot -f  | reboot  | Starting the virtual server own |
      | halt -d -f | halt    | Stopping the virtual server own |
      | poweroff   | halt    | Stopping the virtual server own |
