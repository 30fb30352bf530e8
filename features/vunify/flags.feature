Feature: what protects shared files can be chosen

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1
    And a guest "vs1" with the RPM packages hello-1.0-1

  @0.6-09 @0.6-29 @0.6-32 @0.6-05
  Scenario: one flag: what is immutable can be neither changed nor removed
    Given I run "/usr/lib/vserver/vunify --noflags --immutable ref vs1 -- hello"
    When I run "/usr/lib/vserver/showattr /vservers/ref/usr/bin/hello | cut -f 2"
    Then it prints "00000010"
    When the guest "vs1" runs "rm -f /usr/bin/hello"
    Then standard error contains "Operation not permitted"
    When the guest "vs1" runs "mv /etc/hello.conf /usr/bin/hello"
    Then standard error contains "Operation not permitted"
    When the guest "vs1" runs "ln /usr/bin/hello /usr/bin/hi"
    Then standard error contains "Operation not permitted"

  @0.6-28
  Scenario: no flag: plain links
    When I run "/usr/lib/vserver/vunify --noflags ref vs1 -- hello"
    Then the command succeeds
    And standard error is empty
    When I run "lsattr /vservers/vs1/usr/bin/hello | grep -c -e -i-; stat -c %h /vservers/vs1/usr/bin/hello"
    Then it prints:
      """
      0
      2
      """

  Scenario: the flags of files that are shared already are put right
    Given I run "/usr/lib/vserver/vunify --noflags ref vs1 -- hello"
    When I run "/usr/lib/vserver/vunify --noflags --immutable ref vs1 -- hello"
    Then the command succeeds
    When the guest "vs1" runs "rm -f /usr/bin/hello"
    Then the command fails

  Scenario: where names cannot be left free, that is said once
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello 2>&1 >/dev/null"
    Then it prints "Files on /vservers can't be removed or upgraded inside the vservers (use vunify --undo)"

  Scenario Outline: a method by name
    When I run "/usr/lib/vserver/vunify --method <method> ref vs1 -- hello"
    Then the command <outcome>

    Examples:
      | method    | outcome                     |
      | hardlink  | succeeds                    |
      | immutable | succeeds                    |
      | reflink   | fails with status 255       |
      | magic     | fails with status 255       |

  Scenario: --debug names the method that was found best
    When I run "/usr/lib/vserver/vunify --debug --noflags ref vs1 -- hello"
    Then the output has the line "Files of /vservers/vs1 are shared by hardlink"
