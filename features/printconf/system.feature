Feature: the defaults of /etc/vservers.conf reach every virtual server
  It is evaluated first, so that files without a source line have its values, too, and a virtual
  server's own file has the last word.

  Background:
    Given the file "/etc/vservers.conf" with the line "VSERVERS_ROOT=/srv/vs"
    And the file "/etc/vservers/vs1.conf" with the line "IPROOT=10.0.0.11"
    And the file "/etc/vservers/vs2.conf" with the line "source /etc/vservers.conf"

  @0.29-19 @0.29-35
  Scenario Outline: the shared root
    When I run "/usr/lib/vserver/printconf.sh <name>"
    Then the command succeeds
    And the output has the line "VSERVERS_ROOT=/srv/vs"
    And the output has the line "VSERVERDIR=/srv/vs/<name>"

    Examples:
      | name |
      | vs1  |
      | vs2  |

  @0.29-20
  Scenario: a virtual server with a root of its own
    Given the file "/etc/vservers/vs1.conf":
      """
      source /etc/vservers.conf
      VSERVERS_ROOT=/data
      """
    When I run "/usr/lib/vserver/printconf.sh vs1"
    Then the output has the line "VSERVERDIR=/data/vs1"
    When I run "/usr/lib/vserver/printconf.sh vs2"
    Then the output has the line "VSERVERDIR=/srv/vs/vs2"

  @0.29-23
  Scenario: a virtual server with a place of its own
    Given the file "/etc/vservers/vs1.conf" with the line "VSERVERDIR=/data/x/box"
    When I run "/usr/lib/vserver/printconf.sh vs1"
    Then the output has the line "VSERVERDIR=/data/x/box"

  Scenario: neither of them is needed
    Given there is no file "/etc/vservers.conf"
    When I run "/usr/lib/vserver/printconf.sh vs1"
    Then the command succeeds
    And the output has the line "VSERVERDIR=/vservers/vs1"

  @0.29-06
  Scenario: the library call gives what printconf.sh prints
    Given the file "/tmp/call":
      """
      import sys
      sys.path.append("/usr/lib/vserver/python")
      from vserver import config
      for variable in config.VARIABLES:
          print(f"{variable}={config.read('vs1')[variable]}")
      """
    When I run "/usr/bin/python3 /tmp/call >/tmp/a; /usr/lib/vserver/printconf.sh vs1 >/tmp/b; cmp /tmp/a /tmp/b"
    Then the command succeeds
