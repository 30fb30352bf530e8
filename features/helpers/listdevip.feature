Feature: listdevip lists the addresses of the host
  Every address is shown with its own mask, in a form that chbind takes after --ip.

  Scenario: devices, aliases and loopback
    Given I run "ip addr add 192.0.2.20/28 dev eth0 label eth0:web"
    And I run "ip addr add 192.0.2.21/32 dev eth0"
    When I run "/usr/lib/vserver/listdevip"
    Then the command succeeds
    And it prints:
      """
      127.0.0.1/255.0.0.0
      192.0.2.10/255.255.255.0
      192.0.2.20/255.255.255.240
      192.0.2.21/255.255.255.255
      """

  Scenario: arguments are ignored
    When I run "/usr/lib/vserver/listdevip --all eth0"
    Then the command succeeds
    And the output has the line "192.0.2.10/255.255.255.0"
