Feature: vdu tells how much disk space a guest occupies for itself

  @0.10-01
  Scenario: the sizes of the files, in kilobytes
    Given I run "mkdir -p /tmp/tree/deep; head -c 5000 /dev/zero >/tmp/tree/one; head -c 6000 /dev/zero >/tmp/tree/deep/two"
    When I run "/usr/lib/vserver/vdu /tmp/tree"
    Then it prints "/tmp/tree	10K"

  @0.10-02
  Scenario: files with several names do not count
    Given I run "mkdir /tmp/tree; head -c 5000 /dev/zero >/tmp/tree/one; head -c 6000 /dev/zero >/tmp/tree/two; ln /tmp/tree/one /tmp/other"
    When I run "vdu /tmp/tree"
    Then it prints "/tmp/tree	5K"

  Scenario: nor do blocks that files share
    Given the guests lie on a new btrfs file system
    And I run "mkdir /vservers/a; head -c 1M /dev/urandom >/vservers/a/one; cp --reflink=always /vservers/a/one /vservers/two"
    When I run "vdu /vservers/a"
    Then it prints "/vservers/a	0K"

  Scenario: other file systems are not entered
    Given I run "mkdir -p /tmp/tree/mnt; mount -t tmpfs none /tmp/tree/mnt; head -c 9000 /dev/zero >/tmp/tree/mnt/file"
    When I run "vdu /tmp/tree"
    Then it prints "/tmp/tree	0K"

  Scenario: what cannot be read is told, the rest is counted
    Given I run "mkdir -p /tmp/tree/closed; head -c 2048 /dev/zero >/tmp/tree/one; chmod 0 /tmp/tree/closed; chmod 755 /tmp/tree"
    When I run "cd /tmp; setpriv --reuid 65534 --clear-groups vdu nothing tree"
    Then the command fails with status 255
    And it prints "tree	2K"
    And it says on standard error:
      """
      Can't open directory nothing (No such file or directory)
      Can't open directory tree/closed (Permission denied)
      """

  Scenario: nothing to do
    When I run "vdu"
    Then the command fails with status 255
    And standard error contains "vdu directory ..."
