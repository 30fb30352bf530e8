Feature: /etc/mtab of a guest lists what the guest sees
  It is made anew by each start and each command, unless GENERATEMTAB=no.

  Background:
    Given a guest "web"
    And the file "/vservers/web/etc/mtab" with the line "spoilt"

  @0.29-09 @0.29-17
  Scenario: start writes it
    Given the guest "web" is running
    Then the file "/vservers/web/etc/mtab" contains "/dev/hdv1 / "
    And the file "/vservers/web/etc/mtab" has the line "proc /proc proc rw,nosuid,nodev,noexec 0 0"
    And the file "/vservers/web/etc/mtab" does not contain "spoilt"

  @0.29-10
  Scenario: a command writes it
    Given the guest "web" is running
    When the file "/vservers/web/etc/mtab" becomes:
      """
      spoilt again
      """
    And the guest "web" runs "grep -c / /etc/mtab"
    Then it prints "5"

  @0.29-13 @0.29-14 @0.29-15
  Scenario: every mount of the guest, under names that tell nothing
    Given I run "mkdir /vservers/web/a /vservers/web/b; truncate -s 8M /tmp/disk; mkfs.ext4 -q /tmp/disk"
    And I run "mount -o loop /tmp/disk /vservers/web/a; mount -t tmpfs fileserver:/export /vservers/web/b"
    And the guest "web" is running
    When I run "vserver --silent web exec grep -v ' /[pd]' /etc/mtab | cut -d ' ' -f 1-3"
    Then the output has the line "/dev/hdv2 /a ext4"
    And the output has the line "fileserver:/export /b tmpfs"
    And the output does not contain "loop"
    When the guest "web" runs "test -f /dev/hdv2"
    Then the command succeeds

  @0.29-16
  Scenario: GENERATEMTAB=no leaves the file alone
    Given the guest "web" has the setting GENERATEMTAB=no
    When I run "vserver --silent web start; vserver --silent web exec cat /etc/mtab"
    Then the output has the line "spoilt"

  Scenario: a link into /proc is left alone
    Given the symbolic link "/vservers/web/etc/mtab" to "/proc/mounts"
    When I run "vserver --silent web exec readlink /etc/mtab"
    Then it prints "/proc/mounts"
