Feature: vserver NAME running and status tell about a guest

  Background:
    Given a guest "web"

  @0.19-14 @0.19-19
  Scenario: a guest that runs
    Given the guest "web" is running
    When I run "vserver web running"
    Then the command succeeds
    And it prints "Server web is running"

  @0.19-19
  Scenario: a guest that does not run
    When I run "vserver web running"
    Then the command fails with status 1
    And it prints "Server web is not running"

  @0.19-19
  Scenario: with --silent only the exit status answers
    When I run "vserver --silent web running"
    Then the command fails with status 1
    And it prints nothing
    Given the guest "web" is running
    When I run "vserver --silent web running"
    Then the command succeeds
    And it prints nothing

  @0.19-14 @0.19-15 @0.19-16
  Scenario: status counts processes and tells the uptime
    Given the guest "web" is running
    And I run "vserver web exec sh -c 'sleep 100 & sleep 100 &'"
    And I run "touch -d '12 hours ago 1 minute ago' /var/run/vservers/web.ctx"
    When I run "vserver web status"
    Then the command succeeds
    And it prints:
      """
      Server web is running
      3 processes running
      Vserver uptime: 12:01
      """

  @0.19-14
  Scenario: status of a guest that does not run
    When I run "vserver --silent web status"
    Then the command succeeds
    And it prints "Server web is not running"

  Scenario: a guest whose last process ended is not running
    Given the guest "web" is running
    When I run "vserver --silent web exec killall httpd"
    Then the guest "web" is stopped

  Scenario: a command in a stopped guest makes it run for as long as it takes
    Given "sleep 4711" runs in the guest "web"
    And the process "sleep 4711" runs on the host
    Then the guest "web" is running
    When I run "pkill -f -x 'sleep 4711'"
    Then the guest "web" is not running

  Scenario Outline: a state file that means nothing
    Given the file "/var/run/vservers/web.ctx" with the line "<line>"
    When I run "vserver web running"
    Then the command fails with status 1
    And it prints "Server web is not running"

    Examples:
      | line             |
      | S_CONTEXT=       |
      | S_CONTEXT=1      |
      | S_CONTEXT=0      |
      | S_CONTEXT=abc    |
      | S_CONTEXT=99999  |
      | $(touch /hacked) |

  Scenario: a number that belongs to another guest by now
    Given a guest "mail"
    And the guest "mail" is running
    When I run "cp /var/run/vservers/mail.ctx /var/run/vservers/web.ctx; vserver web running; vserver mail running"
    Then it prints:
      """
      Server web is not running
      Server mail is running
      """
