Feature: an unchanged Debian system is a guest
  Debian's own packages, with sysvinit, sshd, cron and syslogd. Nothing in the tree or in the
  configuration says what kind of system it is.

  Background:
    Given a guest "deb" with Debian at 192.0.2.30

  @0.19-02 @0.19-03
  Scenario: the services of its run level start
    When I run "vserver deb start 2>&1"
    Then the command succeeds
    And the output has the line "Starting system log daemon: syslogd."
    And the output has the line "Starting periodic command scheduler: cron."
    And the output has the line "Starting OpenBSD Secure Shell server: sshd."

  @0.19-02
  Scenario: somebody logs in from another machine
    Given root of the lan machine may log in to the guest "deb"
    And the guest "deb" is running
    When I run "ssh -q -i /tmp/key -o StrictHostKeyChecking=no 192.0.2.30 hostname" on the lan machine
    Then it prints "deb"

  Scenario Outline: also where an administrator has started it, who had logged in as somebody else
    Given root of the lan machine may log in to the guest "deb"
    And I run "echo 500 >/proc/self/loginuid; <command>"
    When I run "ssh -q -i /tmp/key -o StrictHostKeyChecking=no 192.0.2.30 'cat /proc/self/loginuid; echo'" on the lan machine
    Then it prints "0"

    Examples:
      | command                                            |
      | vserver deb start                                  |
      | vserver deb start; vserver deb service ssh restart |

  @0.19-02
  Scenario: its programs log through its own syslogd
    Given the guest "deb" is running
    And I run "vserver deb exec logger -t test hello"
    Then the file "/vservers/deb/var/log/syslog" contains "deb test: hello"

  @0.19-04
  Scenario: a service is turned off, and on again
    Given I run "vserver deb chkconfig cron off"
    When I run "vserver --silent deb start 2>&1"
    Then the output does not contain "cron"
    Given I run "vserver deb stop"
    And I run "vserver deb chkconfig cron on"
    When I run "vserver --silent deb start 2>&1"
    Then the output has the line "Starting periodic command scheduler: cron."

  @0.9-15
  Scenario: a service of the running guest is restarted
    Given the guest "deb" is running
    When I run "vserver --silent deb service cron restart 2>&1"
    Then the command succeeds
    And the output contains "Starting periodic command scheduler: cron."

  @0.21-32 @0.21-33
  Scenario: its services end, and the machine under it does not
    Given the guest "deb" is running
    When I run "vserver deb stop 2>&1"
    Then the command succeeds
    And the output has the line "Stopping system log daemon: syslogd."
    And the guest "deb" is not running
    And the host does not have the address 192.0.2.30

  @0.10-21 @0.10-23 @0.10-32
  Scenario: its own init does the same
    Given the guest "deb" has the setting S_FLAGS="lock fakeinit"
    And the guest "deb" is running
    Then the process "/usr/sbin/cron" runs on the host
    When I run "vserver deb stop 2>&1"
    Then the guest "deb" is not running
    And no process "/usr/sbin/cron" runs on the host
