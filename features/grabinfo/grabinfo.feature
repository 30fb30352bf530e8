Feature: vservers.grabinfo.sh describes the virtual servers in XML
  The angle brackets are shown as braces here.

  Background:
    Given a guest "web"

  Scenario: an element for each
    Given the file "/etc/vservers/web.conf":
      """
      IPROOT="eth0:192.0.2.20/24 10.0.0.1"
      ONBOOT=yes
      S_HOSTNAME='a & "b"'
      """
    And the file "/etc/vservers/treeless.conf" with the line "IPROOT=10.0.0.2"
    When I run "/usr/lib/vserver/vservers.grabinfo.sh | tr '\074\076' '{}'"
    Then it prints:
      """
      {m:vserver name="web" onboot="yes" HOSTNAME="a &amp; &quot;b&quot;"}
        {m:ip num="192.0.2.20/24"/}
        {m:ip num="10.0.0.1"/}
        {status}
      Server web is not running
        {/status}
      {/m:vserver}
      """

  Scenario: a broken configuration is named and left out
    Given the file "/etc/vservers/bad.conf" with the line "exit 1"
    When I run "/usr/lib/vserver/vservers.grabinfo.sh | grep -c name="
    Then it prints "1"
    And it says "Error in configuration file /etc/vservers/bad.conf" on standard error
