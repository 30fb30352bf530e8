@0.21-06
Feature: vcheck --diffpkgs compares the packages of guests

  Background:
    Given a guest "ref" with the RPM packages both-1-1 old-1.0-1 ours-1-1

  Scenario: packages of one side only, and other versions
    Given a guest "web" with the RPM packages both-1-1 old-1.0-2 theirs-1-1
    When I run "/usr/lib/vserver/vcheck --diffpkgs ref web"
    Then the command fails with status 1
    And it prints:
      """
      - ours
      + theirs
      ! old
      """

  Scenario: equal guests
    Given a guest "web" with the RPM packages both-1-1 old-1.0-1 ours-1-1
    When I run "/usr/lib/vserver/vcheck --diffpkg ref web"
    Then the command succeeds
    And it prints nothing
