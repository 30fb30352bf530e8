Feature: S_CAPS gives capabilities back, and takes others away

  Background:
    Given a guest "vs1"
    And the executable file "/vservers/vs1/bin/has":
      """
      #!/bin/sh
      set -- $1 $(grep CapBnd /proc/self/status)
      echo $((0x$3 >> $1 & 1))
      """

  @0.7-02 @0.28-06
  Scenario Outline: the bounding set of whatever is started
    Given the guest "vs1" has the setting S_CAPS="<words>"
    And the guest "vs1" is running
    When I run "vserver --silent vs1 exec has <number>"
    Then it prints "<answer>"
    When I run "vserver --silent vs1 suexec www has <number>"
    Then it prints "<answer>"

    Examples: CAP_NET_RAW is 13, CAP_SYS_ADMIN 21
      | words                   | number | answer |
      |                         | 13     | 0      |
      | CAP_NET_RAW             | 13     | 1      |
      | CAP_LEASE CAP_NET_RAW   | 13     | 1      |
      | CAP_NET_RAW             | 21     | 0      |

  @0.10-04
  Scenario Outline: a capability with ! is taken away
    Given the guest "vs1" has the setting S_CAPS="<words>"
    When I run "vserver --silent vs1 exec has 18"
    Then it prints "<answer>"

    Examples: CAP_SYS_CHROOT is 18
      | words           | answer |
      |                 | 1      |
      | !CAP_SYS_CHROOT | 0      |
