Feature: a full disk keeps vserver-copy from copying, and nothing half is left
  What is missing is told before the source is stopped, where it can be known. When there is room,
  the same command does the rest.

  Background:
    Given a guest "web"
    And the guest "web" has the setting S_HOSTNAME=web.example.com

  Scenario Outline: no room for what is prepared
    Given the guest "web" is running
    And I run "mkdir -p /var/cache/vserver && mount -t tmpfs -o <room> none /var/cache/vserver"
    And I run "! cat /dev/zero >/var/cache/vserver/zeros"
    When I run "vserver-copy --stopstart <options> web web2"
    Then the command fails with status 1
    And standard error contains "E: vserver-copy: <text>"
    And standard error contains "No space left on device"
    And the guest "web" is running
    And the file "/vservers/web2" does not exist
    When I run "ls /var/cache/vserver"
    Then it prints "zeros"

    Examples:
      | room                 | options                     | text                            |
      | size=4k              |                             | Can't write /var/cache/vserver/ |
      | size=4k              | -d example.org -i 192.0.2.9 | Can't write /var/cache/vserver/ |
      | size=64k,nr_inodes=2 |                             | /var/cache/vserver/             |
      | size=64k,nr_inodes=3 |                             | Can't write /var/cache/vserver/ |

  Scenario: no room for the tree
    Given I run "mkdir /data && mv /vservers/web /data && mount -t tmpfs -o size=1m none /vservers"
    And the guest "web" has the setting VSERVERDIR=/data/web
    When I run "vserver-copy web web2"
    Then the command fails with status 1
    And standard error contains "No space left on device"
    And standard error contains "E: vserver-copy: rsync failed"
    And the file "/etc/vservers/web2.conf" does not exist
    When I run "ls -A /vservers"
    Then it prints "web2"
    When I run "mount -o remount,size=100m /vservers && vserver-copy --quiet web web2"
    Then the command succeeds
    When I run "ls -A /vservers && rsync -aHAXn --itemize-changes --delete /data/web/ /vservers/web2/"
    Then it prints "web2"

  Scenario: no room for the configuration
    Given I run "cp -a /etc/vservers /root/conf && mount -t tmpfs -o size=8k none /etc/vservers"
    And I run "cp /root/conf/web.conf /etc/vservers; ! cat /dev/zero >/etc/vservers/zeros"
    When I run "vserver-copy web web2"
    Then the command fails with status 1
    And standard error contains "No space left on device"
    And standard error contains "E: vserver-copy: rsync failed"
    When I run "ls -A /etc/vservers"
    Then it prints:
      """
      web.conf
      zeros
      """

  Scenario: no room to say that the source stays down at boot
    Given I run "mount -t tmpfs -o size=8k none /etc/vservers && echo ONBOOT=yes >/etc/vservers/web.conf"
    And the executable file "/etc/vservers/web2.sh":
      """
      #!/bin/sh
      cat /dev/zero >/etc/vservers/zeros 2>/dev/null
      exit 0
      """
    And I run "mount -o remount,size=20k /etc/vservers"
    And the guest "web" is running
    When I run "vserver-copy --stopstart web web2"
    Then the command fails with status 1
    And standard error contains "E: vserver-copy: Can't write /etc/vservers/web.conf (No space left on device)"
    And the file "/etc/vservers/web.conf" has the line "ONBOOT=yes"
    When I run "ls -A /etc/vservers"
    Then it prints:
      """
      web.conf
      web2.conf
      web2.sh
      zeros
      """

  Scenario: a copy is made whole, whoever reads of it
    When I run "vserver-copy web web2 >/dev/full"
    Then the command fails with status 1
    And it says "vserver-copy: write error: No space left on device" on standard error
    And the file "/etc/vservers/web2.conf" exists
    When I run "diff -r --no-dereference /vservers/web /vservers/web2"
    Then the command succeeds
