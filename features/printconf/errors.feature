@0.29-31
Feature: a broken configuration is refused, with the file at fault
  Nothing is printed that a script could take for settings.

  Background:
    Given the file "/etc/vservers.conf" with the line "VSERVERS_ROOT=/vservers"
    And the file "/etc/vservers/web.conf" with the line "IPROOT=10.0.0.11"

  Scenario: a syntax error
    Given the file "/etc/vservers/web.conf":
      """
      touch /tmp/ran
      if true; then
      """
    When I run "/usr/lib/vserver/printconf.sh web"
    Then the command fails with status 1
    And it prints nothing
    And it says on standard error:
      """
      /etc/vservers/web.conf: line 3: syntax error: unexpected end of file
      Error in configuration file /etc/vservers/web.conf
      """
    And the file "/tmp/ran" does not exist

  Scenario: a syntax error in the system's file
    Given the file "/etc/vservers.conf" with the line "fi"
    When I run "/usr/lib/vserver/printconf.sh web"
    Then the command fails with status 1
    And it prints nothing
    And standard error contains "Error in configuration file /etc/vservers.conf"

  Scenario Outline: a configuration that gives up
    Given the file "/etc/vservers/web.conf" with the line "<line>"
    When I run "/usr/lib/vserver/printconf.sh web"
    Then the command fails with status 1
    And it prints nothing
    And it says "Error in configuration file /etc/vservers/web.conf" on standard error

    Examples:
      | line         |
      | exit 1       |
      | exec true    |
      | kill -9 $$   |

  Scenario: a command that fails is no error
    Given the file "/etc/vservers/web.conf":
      """
      IPROOT=10.0.0.12
      [ -f /etc/nonexistent ] && source /etc/nonexistent
      """
    When I run "/usr/lib/vserver/printconf.sh web"
    Then the command succeeds
    And the output has the line "IPROOT=10.0.0.12"
