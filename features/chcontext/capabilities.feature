Feature: chcontext lowers the capability ceiling
  What is above the ceiling comes back by no means, a set-user-id program included.

  @0.7-05
  Scenario Outline: --secure takes the critical capabilities, --cap gives back
    When I run "chcontext --silent <options> grep CapBnd /proc/self/status"
    Then it prints "CapBnd:	<ceiling>"

    Examples:
      | options                                          | ceiling          |
      | --secure                                         | 00000000b40c05ff |
      | --secure --cap CAP_NET_RAW                       | 00000000b40c25ff |
      | --cap CAP_NET_RAW --secure                       | 00000000b40c25ff |
      | --secure --cap net_raw --cap Sys_Time            | 00000000b60c25ff |
      | --secure --cap '!CAP_SYS_CHROOT'                 | 00000000b40805ff |
      | --secure --cap '!CAP_NET_RAW' --cap CAP_NET_RAW  | 00000000b40c25ff |
      | --secure --cap CAP_QUOTACTL                      | 00000000b40c05ff |
      | --secure --cap '!CAP_QUOTACTL'                   | 00000000b40c05ff |
      | --secure --cap CAP_OPENDEV                       | 00000000b40c05ff |

  @0.26-09
  Scenario: CAP_QUOTACTL is a known name
    When I run "chcontext --silent --secure --cap CAP_QUOTACTL echo on"
    Then it prints "on"
    And standard error is empty

  @0.7-06
  Scenario Outline: what --secure takes away
    When I run "chcontext --silent --secure <command>"
    Then the command fails
    And standard error contains "<reason>"

    Examples:
      | command                          | reason                  |
      | mount -t tmpfs none /mnt         | permission denied       |
      | date -s 2030-01-01               | Operation not permitted |
      | mknod /tmp/disk b 8 0            | Operation not permitted |
      | ip link set lo down              | Operation not permitted |
      | ip addr add 192.0.2.99 dev eth0  | Operation not permitted |
      | renice -n -5 -p 1                | Permission denied       |
      | chattr +i /root                  | Operation not permitted |
      | hostname other                   | you must be root        |
      | unshare --user true              | Operation not permitted |
      | swapoff -a -v /nosuch            | Not superuser           |

  Scenario: a set-user-id program does not get more
    Given the host has the user "joe"
    And I run "cp /bin/mount /usr/local/bin/suid-mount; chmod 4755 /usr/local/bin/suid-mount"
    When I run "chcontext --silent --secure su joe -c 'suid-mount -t tmpfs none /mnt; grep CapBnd /proc/self/status'"
    Then standard error contains "must be superuser to use mount"
    And it prints "CapBnd:	00000000b40c05ff"

  @0.10-41
  Scenario: every capability of the kernel is known, and takes its very bit away
    When I run the script:
      """
      i=0
      for name in $(capsh --decode=1ffffffffff | sed 's/.*=//; s/,/ /g'); do
          chcontext --silent --cap "!$name" grep CapBnd /proc/self/status >/tmp/bounding
          chcontext --silent --secure --cap $name true || echo "$name is refused"
          given=$(sed 's/CapBnd:.//' /tmp/bounding)
          [ $((0x1ffffffffff & ~(1 << i))) = $((0x$given | 1 << 24 & ~(1 << i))) ] || echo "$name leaves $given"
          i=$((i + 1))
      done
      echo $i
      """
    Then it prints "41"
    And standard error is empty

  Scenario: who joins a virtual server gets no more than that has
    Given a guest "web"
    And the guest "web" is running
    When I run "chcontext --silent --ctx 49152 sh -c 'grep CapBnd /proc/self/status; ls /proc/self/fd' 7</etc/hostname"
    Then it prints:
      """
      CapBnd:	00000000b40c05ff
      0
      1
      2
      3
      """

  @0.10-41
  Scenario: an unknown capability is told, and the command runs
    When I run "chcontext --silent --cap BOGUS --cap '!NOPE' echo on"
    Then the command succeeds
    And it prints "on"
    And it says on standard error:
      """
      Unknown capability BOGUS
      Unknown capability NOPE
      """

  Scenario: a ceiling that cannot be lowered stops the command
    When I run "capsh --drop=cap_setpcap -- -c 'chcontext --secure echo on'"
    Then the command fails with status 255
    And it says "Can't lower the capability ceiling (Operation not permitted)" on standard error
    And the output does not contain "on"
