Feature: the manual pages of the package tools

  @0.26-07
  Scenario: the page of distrib-info explains each request
    When I run "man -w distrib-info"
    Then the command succeeds
    When I run "man distrib-info | cat"
    Then the output contains "pkgversion"
    And the output contains "unifiles"
    And the output contains "dumpfiles"

  @0.26-14
  Scenario: the page of vserver-copy explains each option
    When I run "man -w vserver-copy"
    Then the command succeeds
    When I run "man vserver-copy | cat"
    Then the output contains "--stopstart"
    And the output contains "--vsroot"
