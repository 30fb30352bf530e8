Feature: a /run that takes no files
  A guest cannot be started then, since nobody would know. It can be stopped.

  Background:
    Given a guest "web"
    And the guest "web" is running

  Scenario: where it is read-only a guest is stopped without a lock
    Given I run "mount -o remount,ro /run"
    When I run "vserver web stop"
    Then the command succeeds
    And it says "vserver: /var/run/vservers/web.lock: Read-only file system" on standard error
    And the guest "web" is not running

  Scenario: where it is read-only and empty a guest is stopped without its stop scripts
    Given I run "rm -r /run/vservers && mount -o remount,ro /run"
    When I run "vserver web stop"
    Then the command succeeds
    And it says "vserver: /var/run/vservers: Read-only file system" on standard error
    And no process "httpd -u www -h /var/www" runs on the host

  Scenario: where it is full a guest is stopped
    Given I run "mount -o remount,size=64k /run; ! cat /dev/zero >/run/filled"
    When I run "vserver web stop"
    Then the command succeeds
    And standard error is empty
    And the guest "web" is not running

  Scenario Outline: nothing happens to a guest that could not be started again
    Given I run "mount -o remount,ro /run"
    When I run "vserver web <command>"
    Then the command fails with status 1
    And it says "vserver: /var/run/vservers/web.lock: Read-only file system" on standard error
    And the guest "web" is running

    Examples:
      | command |
      | restart |
      | start   |

  Scenario: all guests are stopped, whatever else cannot be removed
    Given I run "echo 1 >/run/vservers.pid && mount -o remount,ro /run"
    When I run "/etc/init.d/vservers stop"
    Then the command succeeds
    And standard error contains "vservers: /var/run/vservers.pid: Read-only file system"
    And the guest "web" is not running
