Feature: ifspec describes a network device for a shell script
  What is not given is the device's, and a broadcast address that nobody knows is computed.

  Scenario: a device
    When I run "/usr/lib/vserver/ifspec eth0"
    Then the command succeeds
    And it prints:
      """
      ADDR=192.0.2.10
      NETMASK=255.255.255.0
      BCAST=192.0.2.255
      """

  Scenario: an alias has the broadcast of its device
    When I run "/usr/lib/vserver/ifspec eth0 192.0.2.77 255.255.255.128"
    Then it prints:
      """
      ADDR=192.0.2.77
      NETMASK=255.255.255.128
      BCAST=192.0.2.255
      """

  Scenario: without a device the broadcast is computed
    When I run "/usr/lib/vserver/ifspec '' 192.0.2.77 25"
    Then it prints:
      """
      ADDR=192.0.2.77
      NETMASK=255.255.255.128
      BCAST=192.0.2.127
      """

  Scenario: the kernel is not asked for a device that is not there
    Given the executable file "/tmp/ask":
      """
      #!/bin/sh
      strace -qq -e trace=ioctl -o /tmp/calls /usr/lib/vserver/ifspec none0
      """
    When I run "/tmp/ask"
    Then the command fails with status 255
    And it says on standard error:
      """
      ioctl(SIOCGIFADDR): No such device
      ioctl(SIOCGIFNETMASK): No such device
      """
    And the file "/tmp/calls" does not contain "none0"

  Scenario: what could be more than a number is not printed
    When I run "/usr/lib/vserver/ifspec eth0 '1;reboot' 24"
    Then the command fails with status 255
    And it prints:
      """
      NETMASK=255.255.255.0
      BCAST=192.0.2.255
      """
    And it says "Invalid IP number or netmask: 1;reboot" on standard error
