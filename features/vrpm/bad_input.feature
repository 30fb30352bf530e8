Feature: vrpm says what it cannot do

  Background:
    Given a guest "web" with the RPM packages hello-1.0-1
    And a guest "plain"

  Scenario Outline: how it is called
    When I run "vrpm <words>"
    Then the command fails with status 1
    And it prints nothing
    And standard error contains "<text>"

    Examples:
      | words              | text                                                    |
      |                    | vrpm [--unify] vservers ... -- rpm options and packages |
      | web                | vrpm [--unify] ALL -- rpm options and packages          |
      | web --             | vrpm [--unify] ALL -- rpm options and packages          |
      | -- -qa             | no server specified                                     |
      | nobody -- -qa      | Unknown vserver nobody                                  |
      | / -- -qa           | Server / has no RPM database, skipped                   |
      | plain -- -qa       | Server plain has no RPM database, skipped               |

  Scenario: one server cannot be served, the others are
    When I run "vrpm nobody plain web -- -q hello"
    Then the command fails with status 1
    And it prints:
      """
      Updating server web
      hello-1.0-1.noarch
      """

  Scenario: rpm fails
    When I run "vrpm web -- -q nothing"
    Then the command fails with status 1
    And the output has the line "package nothing is not installed"

  Scenario: no database is made
    When I run "vrpm plain -- -qa"
    Then the file "/vservers/plain/var/lib/rpm" does not exist

  Scenario: without rpm
    Given there is no file "/usr/bin/rpm"
    When I run "vrpm web -- -qa"
    Then the command fails with status 1
    And it prints nothing
    And it says "vrpm: rpm is not installed on this host" on standard error
