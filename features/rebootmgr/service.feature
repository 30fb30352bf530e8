Feature: the service rebootmgr
  It is off by default, and runs the reboot manager for every virtual server that has a tree.

  Background:
    Given a guest "vs1" that can ask for a reboot
    And the guest "vs1" is running

  @0.20-05
  Scenario: start, status, restart and stop
    When I run "/etc/init.d/rebootmgr start"
    Then it prints "Starting the reboot manager"
    And the file "/var/lock/subsys/rebootmgr" exists
    When I run "/etc/init.d/rebootmgr status"
    Then it prints "rebootmgr is running"
    When I run "/etc/init.d/rebootmgr restart"
    Then it prints:
      """
      Stopping the reboot manager
      Starting the reboot manager
      """
    When I run "/etc/init.d/rebootmgr stop"
    Then it prints "Stopping the reboot manager"
    And the file "/var/lock/subsys/rebootmgr" does not exist
    And the file "/var/run/rebootmgr.pid" does not exist
    When I run "/etc/init.d/rebootmgr status"
    Then it prints "rebootmgr is NOT running"
    And the command fails with status 3

  @0.3-12
  Scenario: a new virtual server is served after a restart
    Given I run "/etc/init.d/rebootmgr start"
    And a guest "vs2" that can ask for a reboot
    And the guest "vs2" is running
    When I run "/etc/init.d/rebootmgr restart"
    And the guest "vs2" runs "vhalt"
    Then the command succeeds
    And the guest "vs2" is not running

  Scenario: a new virtual server is served as soon as it is started
    Given I run "/etc/init.d/rebootmgr start"
    And a guest "vs2" that can ask for a reboot
    And the guest "vs2" is running
    And I run "until [ -S /vservers/vs2/dev/reboot ]; do sleep 0.1; done"
    When the guest "vs2" runs "vhalt"
    Then the command succeeds
    And the guest "vs2" is not running

  @0.21-20
  Scenario: stop ends the manager, and no other process of that name
    Given I run "cp /bin/sleep /tmp/rebootmgr"
    And "/tmp/rebootmgr 4711" runs in the background
    And I run "/etc/init.d/rebootmgr start"
    When I run "/etc/init.d/rebootmgr stop"
    Then the process "/tmp/rebootmgr 4711" runs on the host
    When I run "/etc/init.d/rebootmgr status"
    Then it prints "rebootmgr is NOT running"

  @0.21-20
  Scenario: a pid file that was left behind names nobody
    Given "sleep 4711" runs in the background
    And the process "sleep 4711" runs on the host
    And I run "pgrep -x -f 'sleep 4711' >/var/run/rebootmgr.pid"
    When I run "/etc/init.d/rebootmgr stop"
    Then the command succeeds
    And standard error is empty
    And the process "sleep 4711" runs on the host

  Scenario Outline: a manager that could not be found again is not started
    Given I run "<run>"
    When I run "/etc/init.d/rebootmgr start"
    Then the command fails with status 255
    And it says "Can't open pidfile /var/run/rebootmgr.pid (<reason>)" on standard error
    And the file "/var/run/rebootmgr.pid" does not exist
    And no process "/usr/bin/python3 -IS /usr/sbin/rebootmgr --pidfile /var/run/rebootmgr.pid --new vs1" runs on the host

    Examples:
      | run                                                          | reason                  |
      | mount -o remount,ro /run                                     | Read-only file system   |
      | mount -o remount,size=64k /run; ! cat /dev/zero >/run/filled | No space left on device |

  Scenario: it is stopped when nobody reads what is told
    Given I run "/etc/init.d/rebootmgr start"
    When I run "/etc/init.d/rebootmgr stop >/dev/full"
    Then it says "rebootmgr: write error: No space left on device" on standard error
    When I run "/etc/init.d/rebootmgr status"
    Then it prints "rebootmgr is NOT running"

  Scenario: what shows that it was started matters to nobody else
    Given the empty file "/var/lock/subsys"
    When I run "/etc/init.d/rebootmgr start"
    Then the command succeeds
    And it says "rebootmgr: /var/lock/subsys: File exists" on standard error
    When I run "/etc/init.d/rebootmgr stop"
    Then the command succeeds
    And it says "rebootmgr: /var/lock/subsys: Not a directory" on standard error

  @0.21-21
  Scenario: the functions of another distribution are not needed
    Given there is no file "/etc/init.d/functions"
    When I run "/etc/init.d/rebootmgr restart"
    Then the command succeeds
    And standard error is empty

  @0.2-10
  Scenario: it is off by default
    When I run "find /etc/rc?.d /etc/rc.d /etc/systemd -name '*rebootmgr*' 2>/dev/null"
    Then it prints nothing

  @0.3-13
  Scenario: its header tells on which files it depends
    When I run "grep -E '^# (chkconfig|processname|config):' /etc/init.d/rebootmgr"
    Then it prints:
      """
      # chkconfig: - 98 10
      # processname: rebootmgr
      # config: /etc/vservers
      """

  Scenario: a virtual server without a tree, or with a broken configuration, does not concern the others
    Given the empty file "/etc/vservers/vs0.conf"
    And the file "/etc/vservers/vs2.conf" with the line "fi"
    When I run "/etc/init.d/rebootmgr start"
    Then the command succeeds
    And standard error contains "Error in configuration file /etc/vservers/vs2.conf"
    When the guest "vs1" runs "vhalt"
    Then the guest "vs1" is not running

  Scenario: an unknown action
    When I run "/etc/init.d/rebootmgr begin"
    Then it prints "Usage: rebootmgr {start|stop|restart|reload|status}"
    And the command fails with status 1

  @0.4-14
  Scenario: the package brings it
    Given the package is not installed
    And the Debian packages 0.31 are installed
    When I run "dpkg -S /etc/init.d/rebootmgr"
    Then it prints "vserver: /etc/init.d/rebootmgr"
    And the file "/etc/init.d/rebootmgr" is executable
