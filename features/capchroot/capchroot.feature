Feature: capchroot changes the root and becomes a user of the new root

  Background:
    Given a guest "web"
    And the file "/vservers/web/etc/passwd":
      """
      root:x:0:0:root:/root:/bin/sh
      joe:x:1234:1235:Joe:/home/joe:/bin/sh
      """
    And the file "/vservers/web/etc/group":
      """
      root:x:0:
      joe:x:1235:
      wheel:x:10:joe
      """

  Scenario: the command runs in the new root, which is its directory
    Given the empty file "/mark-of-the-host"
    And the empty file "/vservers/web/mark-of-the-guest"
    When I run "/usr/lib/vserver/capchroot /vservers/web sh -c 'pwd; ls -d mark* /mark* ../mark*'"
    Then it prints:
      """
      /
      ../mark-of-the-guest
      /mark-of-the-guest
      mark-of-the-guest
      """

  @0.21-27
  Scenario: a user of the virtual server
    When I run "/usr/lib/vserver/capchroot --suid joe /vservers/web id"
    Then it prints "uid=1234(joe) gid=1235(joe)"

  @0.21-29
  Scenario Outline: root needs no look-up
    Given there is no file "/vservers/web/etc/passwd"
    When I run "/usr/lib/vserver/capchroot --suid <user> /vservers/web id -u"
    Then it prints "0"

    Examples:
      | user |
      | root |
      | 0    |

  Scenario: a number
    When I run "/usr/lib/vserver/capchroot --suid 4242 /vservers/web id -u"
    Then it prints "4242"

  @0.21-28
  Scenario: users that the files do not have are asked for inside, without any rights
    Given I run "find /vservers/web -name id -delete"
    And the executable file "/vservers/web/bin/id":
      """
      #!/bin/sh
      grep CapEff /proc/self/status >/tmp/asked
      echo 77
      """
    And I run "chmod 1777 /vservers/web/tmp; mount --bind /proc /vservers/web/proc"
    When I run "/usr/lib/vserver/capchroot --suid nis /vservers/web sh -c 'cat /proc/self/status' | grep ^Uid"
    Then it prints "Uid:	77	77	77	77"
    And the file "/vservers/web/tmp/asked" has the line "CapEff:	0000000000000000"
    Given I run "umount /vservers/web/proc"

  @0.21-31
  Scenario: an unknown user
    When I run "/usr/lib/vserver/capchroot --suid nobody-here /vservers/web touch /made"
    Then the command fails with status 255
    And it says "User not found: nobody-here" on standard error
    And the file "/vservers/web/made" does not exist

  Scenario: --nochroot takes CAP_SYS_CHROOT after the root was changed
    When I run "/usr/lib/vserver/capchroot --nochroot /vservers/web chroot / true"
    Then the command fails
    And standard error contains "Operation not permitted"

  @0.26-18
  Scenario: nothing is said about the kernel's ways to change a root
    When I run "/usr/lib/vserver/capchroot /vservers/web echo 'a  b' ''"
    Then it prints "a  b "
    And standard error is empty

  Scenario Outline: what cannot be done, in one line
    When I run "/usr/lib/vserver/capchroot <words>"
    Then the command fails with status 255
    And it prints nothing
    And it says "<line>" on standard error

    Examples:
      | words                | line                                                          |
      | /nowhere true        | Can't chroot to directory /nowhere (No such file or directory) |
      | /etc/hostname true   | Can't chroot to directory /etc/hostname (Not a directory)     |
      | /vservers/web nosuch | Can't execute nosuch (No such file or directory)              |
      | /vservers/web ''     | capchroot: No command to execute, do nothing                  |
      | --nochroot /vservers/web | capchroot: No command to execute, do nothing              |

  Scenario Outline: a wrong call shows the usage
    When I run "/usr/lib/vserver/capchroot <words>"
    Then the command fails with status 255
    And it prints nothing
    And standard error contains "capchroot version 0.31"

    Examples:
      | words                   |
      |                         |
      | /vservers/web           |
      | --bogus /vservers/web true |
      | --suid                  |
