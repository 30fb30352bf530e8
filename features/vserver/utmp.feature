Feature: the login records of a guest are those of a machine that was booted

  Background:
    Given a guest "web"

  @0.11-04 @0.22-14
  Scenario: the only record is the run level
    Given the file "/vservers/web/etc/inittab" with the line "id:4:initdefault:"
    And the file "/vservers/web/var/run/utmp" with the line "old records"
    And the guest "web" is running
    When I run "who -r /vservers/web/var/run/utmp | cut -c 1-20; stat -c '%s %a %g' /vservers/web/var/run/utmp"
    Then it prints:
      """
               run-level 4
      384 664 43
      """

  @0.11-06
  Scenario: wtmp is the guest's own affair
    Given the file "/vservers/web/var/log/wtmp" with the line "records"
    And I run "vserver web start && vserver web stop && vserver web start"
    Then the file "/vservers/web/var/log/wtmp" is:
      """
      records
      """

  @0.11-04
  Scenario: with fakeinit there is no record until init makes one
    Given a guest "own" with an init of its own
    And the executable file "/vservers/own/sbin/init":
      """
      #!/bin/sh
      sleep 30
      """
    And the guest "own" is running
    Then the file "/vservers/own/var/run/utmp" is empty
