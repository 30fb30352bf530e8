Feature: fakerunlevel enters a run level in a utmp file
  A guest without an init of its own has nobody else who would.

  Scenario: the record is made and replaced
    Given I run "/usr/lib/vserver/fakerunlevel 3 /tmp/utmp"
    When I run "/usr/lib/vserver/fakerunlevel 4 /tmp/utmp"
    And I run "who -r /tmp/utmp | wc -l; who -r /tmp/utmp"
    Then the output contains "run-level 4"
    And the output has the line "1"

  Scenario Outline: only run levels 1 to 5
    When I run "/usr/lib/vserver/fakerunlevel <level> /tmp/utmp"
    Then the command fails with status 255
    And standard error contains "fakerunlevel version 0.31"
    And the file "/tmp/utmp" does not exist

    Examples:
      | level |
      | 0     |
      | 6     |
      | S     |
      | 33    |

  Scenario Outline: a guest cannot lead it to a file of the host
    Given the empty file "/tmp/host-utmp"
    And the directory "/vservers/web/var/run"
    And I run "<trap>"
    When I run "/usr/lib/vserver/fakerunlevel 3 /vservers/web/var/run/utmp"
    Then the command fails with status 255
    And it says "Can't open file /vservers/web/var/run/utmp (Too many levels of symbolic links)" on standard error
    And the file "/tmp/host-utmp" is empty

    Examples:
      | trap                                                          |
      | ln -s /tmp/host-utmp /vservers/web/var/run/utmp               |
      | rmdir /vservers/web/var/run; ln -s /tmp /vservers/web/var/run |
