Feature: manual pages
  Whoever knows a command's name finds out all about it.

  @0.11-18 @0.29-08
  Scenario: every command has a page, which names its options
    Then every installed command has a manual page
    And every option in a command's usage is in its page
    And no page renders with a warning

  @0.28-02
  Scenario: the configuration has a page in section 5
    Then the page "vserver.conf" of section 5 explains every variable of printconf.sh
