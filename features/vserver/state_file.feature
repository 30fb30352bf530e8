Feature: the state file of a guest says its context and its profile
  Other tools read /var/run/vservers/NAME.ctx: its first bytes are S_CONTEXT=.

  Background:
    Given a guest "web"

  @0.16-26
  Scenario: start writes it
    Given the guest "web" is running
    Then the file "/var/run/vservers/web.ctx" is:
      """
      S_CONTEXT=49152
      S_PROFILE=
      """

  Scenario: it stays when the guest is stopped
    Given the guest "web" is running
    And the guest "web" is stopped
    Then the file "/var/run/vservers/web.ctx" has the line "S_CONTEXT=49152"

  Scenario: a command in a running guest leaves it alone
    Given the guest "web" is running
    And I run "touch -d 2020-01-01 /var/run/vservers/web.ctx"
    When I run "vserver web exec true; stat -c %y /var/run/vservers/web.ctx | cut -c 1-10"
    Then the output has the line "2020-01-01"

  Scenario: a profile that needs quotes
    Given the guest "web" has the setting PROFILE="it's late"
    And the guest "web" is running
    Then the file "/var/run/vservers/web.ctx" has the line "S_PROFILE='it'\''s late'"
    When I run "vserver --silent web exec sh -c 'echo $PROFILE'"
    Then it prints "it's late"

  Scenario: both spellings of the directory are there
    Given there is no file "/var/run/vserver"
    And there is no file "/var/run/vservers"
    And the guest "web" is running
    When I run "cat /var/run/vserver/web.ctx; stat -c %a /var/run/vservers"
    Then it prints:
      """
      S_CONTEXT=49152
      S_PROFILE=
      700
      """
