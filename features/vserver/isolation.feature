Feature: what runs in a guest stays in it

  Background:
    Given a guest "web"
    And the guest "web" is running

  @0.0-02
  Scenario: processes of the host and of other guests are out of sight and reach
    Given a guest "mail"
    And the guest "mail" is running
    And "sleep 4711" runs in the background
    And "sleep 4712" runs in the guest "mail"
    And the process "sleep 4712" runs on the host
    When I run "for sleeper in $(pgrep -f -x 'sleep 471[12]'); do vserver --silent web exec kill -9 $sleeper; done"
    Then standard error contains "No such process"
    When the guest "web" runs "ps"
    Then the output does not contain "sleep"
    And the process "sleep 4711" runs on the host
    And the process "sleep 4712" runs on the host

  @0.4-02
  Scenario: the tree is the whole world
    Given the empty file "/mark-of-the-host"
    And the empty file "/vservers/web/mark-of-the-guest"
    When the guest "web" runs "sh -c 'cd /; ls -d mark* ../../mark*'"
    Then it prints:
      """
      ../../mark-of-the-guest
      mark-of-the-guest
      """

  @0.10-07
  Scenario: a second chroot does not lead out of the tree
    Given the empty file "/mark-of-the-host"
    And I run "cp /usr/local/bin/attack /vservers/web/bin"
    When the guest "web" runs "attack chroot /mark-of-the-host"
    Then it prints "still inside"

  @0.2-02
  Scenario: a guest cannot reboot the machine
    When the guest "web" runs "reboot -n -f"
    Then the command fails
    And standard error contains "Operation not permitted"

  @0.6-06
  Scenario: a guest cannot set or clear the immutable flag
    Given I run "touch /vservers/web/own /vservers/web/unified && chattr +i /vservers/web/unified"
    And I run "cd /; cp --parents usr/bin/chattr $(ldd /usr/bin/chattr | grep -o '/lib[^ ]*') /vservers/web"
    When the guest "web" runs "chattr +i /own"
    Then standard error contains "Operation not permitted"
    When the guest "web" runs "chattr -i /unified"
    Then the command fails
    And standard error contains "Operation not permitted"

  @0.21-07
  Scenario Outline: a guest cannot change the machine
    When I run "vserver --silent web exec sh -c '<command>'"
    Then the command fails

    Examples:
      | command                                     |
      | insmod /x.ko                                |
      | mknod /disk b 8 0                           |
      | mount -t tmpfs none /tmp                    |
      | mount --bind / /tmp                         |
      | umount /proc                                |
      | echo /x >/proc/sys/kernel/core_pattern      |
      | echo 1 >/proc/sys/vm/drop_caches            |
      | echo b >/proc/sysrq-trigger                 |
      | head -c 1 /proc/kcore \| grep .             |
      | dmesg                                       |
      | swapoff -a; swapon /x                       |
      | ip addr add 10.9.9.9/8 dev eth0             |
      | nsenter -t 1 -m true; unshare -m true       |
      | nice -n -5 true 2>/no                       |

  Scenario: the administrator's environment stays outside
    When I run "SECRET=1 BASH_ENV=/x LD_PRELOAD=/x.so PYTHONPATH=/x vserver --silent web exec sh -c 'env | grep -E SECRET\|BASH\|LD_\|PYTHON'"
    Then the command fails with status 1
    And it prints nothing

  Scenario: what the configuration exports is there
    Given I run "echo 'export COLOUR=green' >>/etc/vservers/web.conf"
    When the guest "web" runs "sh -c 'echo $COLOUR'"
    Then it prints "green"
