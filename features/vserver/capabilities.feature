Feature: root of a guest has a fixed set of capabilities
  S_CAPS adds to it, or takes away with an exclamation mark.

  Background:
    Given a guest "web"

  @0.7-02 @0.11-08
  Scenario Outline: S_CAPS adds a capability, for services and commands alike
    Given the guest "web" has the setting S_CAPS=<caps>
    And the executable file "/vservers/web/etc/rc.d/rc3.d/S10caps":
      """
      grep CapBnd /proc/self/status
      """
    When I run "vserver --silent web start; vserver --silent web exec grep CapBnd /proc/self/status"
    Then it prints:
      """
      CapBnd:	<mask>
      Starting httpd: [  OK  ]
      CapBnd:	<mask>
      """

    Examples:
      | caps                       | mask             |
      | ""                         | 00000000b40c05ff |
      | CAP_NET_RAW                | 00000000b40c25ff |
      | "CAP_NET_RAW net_admin"    | 00000000b40c35ff |
      | !CAP_SYS_CHROOT            | 00000000b40805ff |

  @0.11-08 @0.28-06
  Scenario: a login shell has them, too
    Given the guest "web" has the setting S_CAPS=CAP_NET_RAW
    And the guest "web" is running
    And "vserver web enter" runs on a terminal
    When I type "grep -E 'Cap(Bnd|Eff)' /proc/self/status"
    Then the screen shows "CapEff:	00000000b40c25ff"
    And the screen shows "CapBnd:	00000000b40c25ff"

  @0.7-07
  Scenario: they are those of chcontext --secure --cap
    Given the guest "web" has the setting S_CAPS=CAP_NET_RAW
    And the guest "web" is running
    When the guest "web" runs "grep CapBnd /proc/self/status"
    Then the output has the line "CapBnd:	00000000b40c25ff"
    When I run "chcontext --silent --secure --cap CAP_NET_RAW grep CapBnd /proc/self/status"
    Then the output has the line "CapBnd:	00000000b40c25ff"

  @0.7-03
  Scenario: CAP_NET_RAW lets a guest ping
    When I run "vserver --silent web exec ping -c 1 127.0.0.1"
    Then the command fails
    Given the guest "web" has the setting S_CAPS=CAP_NET_RAW
    When I run "vserver --silent web exec ping -c 1 -q 127.0.0.1"
    Then the command succeeds
    And the output contains "1 packets transmitted, 1 packets received"

  @0.7-03
  Scenario: a guest with an address of its own pings others
    Given the guest "web" has the setting IPROOT=192.0.2.20
    And the guest "web" has the setting IPROOTDEV=eth0
    When I run "vserver --silent web exec ping -c 1 192.0.2.1"
    Then the command fails
    And standard error contains "permission denied"
    Given the guest "web" has the setting S_CAPS=CAP_NET_RAW
    When I run "vserver --silent web exec ping -c 1 -q 192.0.2.1"
    Then the output contains "1 packets transmitted, 1 packets received"
    When I run "vserver --silent web exec ping -c 1 -q -I 192.0.2.20 192.0.2.1"
    Then the output contains "1 packets transmitted, 1 packets received"

  @0.10-04 @0.10-05 @0.10-06
  Scenario: a guest without CAP_SYS_CHROOT
    Given the guest "web" has the setting S_CAPS=!CAP_SYS_CHROOT
    And the guest "web" is running
    When I run "vserver --silent web exec chroot / true"
    Then the command fails
    And standard error contains "Operation not permitted"
    When I run "vserver --silent web exec true && vserver --silent web stop"
    Then the command succeeds

  @0.26-09
  Scenario: CAP_QUOTACTL is a word of S_CAPS
    Given the guest "web" has the setting S_CAPS=CAP_QUOTACTL
    When I run "vserver --silent web exec true"
    Then the command succeeds
    And standard error is empty

  @0.29-34
  Scenario: flags and capabilities for all guests
    Given the file "/etc/vservers.conf":
      """
      S_CAPS=CAP_NET_RAW
      S_FLAGS=lock
      """
    And the file "/etc/vservers/web.conf" with the line "source /etc/vservers.conf"
    When I run "vserver --silent web exec grep CapBnd /proc/self/status"
    Then it prints "CapBnd:	00000000b40c25ff"

  @0.9-17
  Scenario: enter, service and exec are one and the same place
    Given the guest "web" has the setting ULIMIT="-n 333"
    And the guest "web" has the setting S_HOSTNAME=web.example.com
    And the guest "web" is running
    And the executable file "/vservers/web/etc/rc.d/init.d/show":
      """
      hostname; ulimit -n; grep -E '^(Cap|Seccomp|NoNew)' /proc/self/status; readlink /proc/self/ns/*
      """
    When I run "vserver --silent web service show >/tmp/1; vserver --silent web exec sh /etc/rc.d/init.d/show >/tmp/2; echo 'sh /etc/rc.d/init.d/show' | vserver --silent web enter 2>/dev/null >/tmp/3; md5sum /tmp/1 /tmp/2 /tmp/3 | cut -c 1-32 | sort -u | wc -l"
    Then it prints "1"
    And the file "/tmp/1" has the line "web.example.com"
    And the file "/tmp/1" has the line "333"
