@debian-server
Feature: a routing daemon has all addresses
  It speaks to its neighbours by multicast and changes the routes of the machine.

  Scenario: bird, in the place of gated, tells a neighbour its routes
    Given I run "ln -s bird /etc/init.d/gated"
    And the file "/etc/vservices/gated.conf" with the line "IP=0.0.0.0"
    And the file "/etc/bird/bird.conf":
      """
      protocol device {}
      protocol static { ipv4; route 198.51.100.0/24 unreachable; }
      protocol rip { ipv4 { export all; }; interface "eth0"; }
      """
    And I run "/etc/init.d/v_gated start"
    When I run "echo 'protocol device {} protocol kernel { ipv4 { export all; }; } protocol rip { ipv4; interface "eth0"; }' >/etc/bird/bird.conf; /etc/init.d/bird start" on the lan machine
    Then "ip route" shows "198.51.100.0/24 via 192.0.2.10" at 192.0.2.1
