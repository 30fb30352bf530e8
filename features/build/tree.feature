Feature: build makes a guest's tree out of the root server
  The copy is a usable system. What belongs to the root server alone, its mounts, records and
  other guests, is not in it.

  Background:
    Given the root server is small

  @0.1-10 @0.10-11
  Scenario: the first guest of a machine
    Given I run "umount /vservers; rmdir /vservers"
    When I run "vserver web build"
    Then the command succeeds
    And it prints:
      """
      Directory /vservers was created with permissions 000
      Directory /vservers/web has been populated
      /etc/vservers/web.conf has been created. Look at it!
      """
    And the file "/vservers" has the mode 0000
    And the file "/vservers/web/usr/bin/perl" is executable

  @0.10-12
  Scenario: guests that others can reach are told of
    Given I run "chmod 755 /vservers"
    When I run "vserver web build"
    Then the command succeeds
    And the output has the line "/vservers/web/.. has insecure permissions."
    And the file "/vservers" has the mode 0755

  @0.1-11
  Scenario: the tables of file systems are dummies
    Given the file "/etc/fstab" with the line "/dev/sda1 / ext4 defaults 1 1"
    When I run "vserver web build"
    Then the file "/vservers/web/etc/fstab" is:
      """
      /dev/hdv1 / ext2 defaults 1 1
      """
    And the file "/vservers/web/etc/mtab" is:
      """
      /dev/hdv1 / ext2 rw 0 0
      """

  @0.1-12 @controllers
  Scenario: df has nothing to complain about
    Given I run "vserver web build"
    When I run "vserver --silent web exec df /"
    Then the command succeeds
    And standard error is empty

  @0.11-02 @0.11-05
  Scenario: records of the root server are left behind
    Given there is no file "/var/run"
    And the file "/var/run/ftp/pids-all" with the line "1"
    And the file "/var/log/wtmp" with the line "a login"
    When I run "vserver web build"
    Then the directory "/vservers/web/var/run/ftp" is empty
    And the file "/vservers/web/var/log/wtmp" is empty

  Scenario: other guests are not copied
    Given the file "/etc/vservers.conf" with the line "VSERVERS_ROOT=/var/vservers"
    And the file "/var/vservers/db/etc/secret" with the line "of db"
    When I run "vserver web build"
    Then the command succeeds
    And the file "/var/vservers/web/var" exists
    And the file "/var/vservers/web/var/vservers" does not exist

  Scenario: there is room for the programs that ask for a reboot, and for devices
    When I run "vserver web build"
    Then the file "/vservers/web/dev/null" has the mode 0666
    And the file "/vservers/web/dev/random" has the mode 0644
    And the file "/vservers/web/tmp" has the mode 1777
    And the directory "/vservers/web/proc" is empty
