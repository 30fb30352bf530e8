@0.19-11
Feature: by vrpm nothing of a guest reaches the root server
  Scripts of packages are run by the shell of the guest, which its root can replace by anything.
  They get the rights of the guest, and a root that holds rpm and the guest's tree alone.

  Background:
    Given a guest "web" with the RPM packages hello-1.0-1
    And the package file /root/hello-1.1-1.rpm
    And the file "/etc/secret" with the line "secret"
    And I run "cp /usr/local/bin/attack /vservers/web/bin"
    And there is no file "/vservers/web/bin/sh"

  Scenario Outline: out of the chroot there is rpm and the tree of the guest
    Given the executable file "/vservers/web/bin/sh":
      """
      #!/bin/busybox sh
      exec >/tmp/seen 2>&1
      for file in /etc/secret /home /vservers/web /usr/lib/rpm; do
          echo $file $(attack chroot $file)
      done
      """
    And I run "<before>"
    When I run "vrpm web -- -U hello-1.1-1.rpm"
    Then the file "/vservers/web/tmp/seen" is:
      """
      /etc/secret still inside
      /home still inside
      /vservers/web out
      /usr/lib/rpm out
      """

    Examples:
      | before            |
      | true              |
      | vserver web start |

  Scenario: scripts have the rights of a guest
    Given the executable file "/vservers/web/bin/sh":
      """
      #!/bin/busybox sh
      exec >/tmp/seen 2>&1
      mount -t tmpfs none /mnt || echo no mount
      mknod /tmp/node b 8 0 || echo no device
      """
    When I run "vrpm web -- -U hello-1.1-1.rpm"
    Then the file "/vservers/web/tmp/seen" contains "no mount"
    And the file "/vservers/web/tmp/seen" contains "no device"

  Scenario: a link in the place of the package database
    Given I run "mkdir /var/lib/precious && cp /vservers/web/var/lib/rpm/* /var/lib/precious"
    And I run "rm -r /vservers/web/var/lib/rpm && ln -s /var/lib/precious /vservers/web/var/lib/rpm"
    When I run "vrpm web -- -qa"
    Then the command fails with status 1
    And it says "Server web has no RPM database, skipped" on standard error
