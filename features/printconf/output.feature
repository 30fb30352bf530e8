@0.29-01
Feature: printconf.sh prints the settings of a virtual server
  The configuration is a program for the shell. Scripts need not know: they get one variable on
  each line, always the same ones.

  Scenario: every variable, set or not, has a line
    Given the file "/etc/vservers/web.conf":
      """
      IPROOT="10.0.0.11 10.0.0.12"
      S_HOSTNAME=www.example.com
      """
    When I run "/usr/lib/vserver/printconf.sh web"
    Then the command succeeds
    And it prints:
      """
      VSERVERS_ROOT=/vservers
      VSERVERDIR=/vservers/web
      PROFILE=
      IPROOT=10.0.0.11 10.0.0.12
      IPROOTMASK=
      IPROOTBCAST=
      IPROOTDEV=
      ONBOOT=
      PRIORITY=
      S_HOSTNAME=www.example.com
      S_DOMAINNAME=
      S_NICE=
      S_FLAGS=
      ULIMIT=
      S_CAPS=
      S_CONTEXT=
      GENERATEMTAB=
      """

  Scenario: an unknown virtual server
    When I run "/usr/lib/vserver/printconf.sh nobody"
    Then the command fails with status 1
    And it prints nothing
    And it says "No configuration for this vserver: /etc/vservers/nobody.conf" on standard error

  @0.29-02
  Scenario: comments are not printed
    Given the file "/etc/vservers/web.conf":
      """
      # Description: no comment

      IPROOT=10.0.0.11 # no comment either
      """
    When I run "/usr/lib/vserver/printconf.sh web"
    Then the output has the line "IPROOT=10.0.0.11"
    And the output does not contain "comment"

  @0.29-04
  Scenario: without --quote a value is the rest of its line
    Given the file "/etc/vservers/web.conf" with the line "S_CAPS=' a  b = "c" $d'"
    When I run "/usr/lib/vserver/printconf.sh web"
    Then the output has the line "S_CAPS= a  b = "c" $d"

  @0.29-01
  Scenario: a script in Python reads it with ConfigObj
    Given the file "/etc/vservers/web.conf":
      """
      IPROOT="192.0.2.11 192.0.2.12"
      S_CAPS='a, b = "c" $d'
      """
    When I run the script:
      """
      /usr/lib/vserver/printconf.sh web | /usr/bin/python3 -c '
      import configobj, sys
      web = configobj.ConfigObj(sys.stdin.read().splitlines(), list_values=False)
      print(web["IPROOT"], web["S_CAPS"], sep="|")'
      """
    Then it prints:
      """
      192.0.2.11 192.0.2.12|a, b = "c" $d
      """

  @0.29-03
  Scenario Outline: a shell can evaluate the quoted output
    Given the file "/etc/vservers/web.conf":
      """
      IPROOT="10.0.0.11 10.0.0.12"
      S_HOSTNAME='$(touch /tmp/ran) `touch /tmp/ran` "quoted" \ * ; &'
      """
    When I run the script:
      """
      cd /etc
      <evaluation>
      echo "$IPROOT"
      echo "$S_HOSTNAME"
      """
    Then it prints:
      """
      10.0.0.11 10.0.0.12
      $(touch /tmp/ran) `touch /tmp/ran` "quoted" \ * ; &
      """
    And the file "/tmp/ran" does not exist

    Examples:
      | evaluation                                          |
      | eval `/usr/lib/vserver/printconf.sh --quote web`    |
      | eval "$(/usr/lib/vserver/printconf.sh --quote web)" |
      | eval "$(/usr/lib/vserver/printconf.sh --quota web)" |

  Scenario: what the configuration prints is not part of the output
    Given the file "/etc/vservers/web.conf":
      """
      echo reading; cat
      set -eu
      """
    When I run "/usr/lib/vserver/printconf.sh web | grep -c =" with the input:
      """
      for somebody else
      """
    Then it prints "17"
    And it says "reading" on standard error

  Scenario: any option that is none shows the usage
    When I run "/usr/lib/vserver/printconf.sh --all web"
    Then the command fails with status 1
    And it says "printconf.sh [ --quote ] vserver-name" on standard error
