@0.26-04
Feature: whatever needs a guest's packages gets them as distrib-info does
  There is one reader of package databases. Who teaches it another packaging system has taught all
  tools.

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1
    And a guest "web" with the RPM packages hello-1.0-1
    And I run "mv /usr/bin/rpm /usr/bin/rpm.real"
    And the executable file "/usr/bin/rpm":
      """
      #!/bin/sh
      umask 0
      echo "$*" | sed 's|/var/cache/vserver/[^ ]*|COPY|' >>/tmp/queries
      { id -u; grep -E 'Cap(Eff|Bnd)|NoNewPrivs' /proc/self/status; } >/tmp/rights
      exec /usr/bin/rpm.real "$@"
      """

  Scenario Outline: <command>
    Given I run "/usr/lib/vserver/distrib-info ref pkgversion && sort -u /tmp/queries >/tmp/wanted"
    And I run "rm /tmp/queries"
    When I run "PATH=$PATH:/usr/lib/vserver; <command> >/dev/null; sort -u /tmp/queries | diff /tmp/wanted -"
    Then the command succeeds

    Examples:
      | command                          |
      | vunify --test ref web -- ALL     |
      | vbuild --test ref /vservers/new  |
      | vfiles ref web                   |
      | vcheck --verify ref web          |

  Scenario: the database of a stranger is read without any rights
    Given I run "/usr/lib/vserver/distrib-info web pkgversion"
    When I run "tr '\t' ' ' </tmp/rights"
    Then the output contains "CapEff: 0000000000000000"
    And the output contains "CapBnd: 0000000000000000"
    And the output contains "NoNewPrivs: 1"
    When I run "grep -x 0 /tmp/rights"
    Then it prints nothing
