Feature: filetime tells how long ago a file was changed
  It is what "vserver NAME status" shows as the uptime.

  Scenario Outline: hours and minutes, and days from one full day on
    Given I run "touch -d '<changed>' /tmp/file"
    When I run "/usr/lib/vserver/filetime /tmp/file"
    Then it prints "<age>"

    Examples:
      | changed                       | age          |
      | 30 seconds ago                | 00:00        |
      | 12 hours ago 70 seconds ago   | 12:01        |
      | 26 hours ago 190 seconds ago  | 1 days 02:03 |
      | 1 hour                        | 00:00        |

  Scenario: a file that is not there
    When I run "/usr/lib/vserver/filetime /tmp/none"
    Then the command fails with status 255
    And it says "Can't stat file /tmp/none (No such file or directory)" on standard error

  Scenario: the usage
    When I run "/usr/lib/vserver/filetime --help"
    Then the command succeeds
    And it prints nothing
    And standard error contains "filetime version 0.31"
