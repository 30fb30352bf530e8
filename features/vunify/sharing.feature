Feature: vunify lets guests share the files of the packages that they have in common
  What is equal in a guest and in the reference server is on the disk once, afterwards.

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1 world-2.3-4
    And a guest "vs1" with the RPM packages hello-1.0-1 world-2.3-4
    And the executable file "/root/shared":
      """
      #!/bin/bash
      # the files that have several names and are the same in both guests
      cd /vservers/ref
      find . -type f -links +1 | sort | while read -r file; do
          [ ! "$file" -ef "/vservers/vs1/$file" ] || echo "$file"
      done
      """

  @0.4-03 @0.4-04 @0.4-05 @0.6-24
  Scenario: the files of the named package, and neither its configuration nor anything else
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello 2>/dev/null"
    Then it prints:
      """
      vservers vs1
      Unify pkg hello-1.0-1 from ref to vs1
      """
    When I run "/root/shared"
    Then it prints:
      """
      ./usr/bin/hello
      ./usr/share/doc/hello/README
      ./usr/share/hello/a file
      """

  @0.6-33
  Scenario: ALL packages in common
    When I run "/usr/lib/vserver/vunify ref vs1 -- ALL"
    Then the command succeeds
    When I run "/root/shared | grep bin/"
    Then it prints:
      """
      ./usr/bin/hello
      ./usr/bin/world
      """

  @0.4-08
  Scenario: what was on the disk twice is there once
    When I run "/usr/lib/vserver/vunify --stats ref vs1 -- hello | tail -n 4"
    Then it prints:
      """
      Files linked     : 3
      Already unified  : 0
      Files skipped    : 0
      Bytes saved      : 29
      """

  @0.14-09
  Scenario: missing files are filled in, with the directories they lie in
    Given I run "rm -r /vservers/vs1/usr/share/hello /vservers/vs1/usr/bin/hello"
    And I run "chmod 750 /vservers/ref/usr/share/hello"
    When I run "/usr/lib/vserver/vunify ref vs1 -- ALL"
    Then the file "/vservers/vs1/usr/share/hello" has the mode 0750
    And the file "/vservers/vs1/usr/bin/hello" has the line "hello 1.0"

  Scenario: a file that was changed in the guest is told and left alone
    Given the file "/vservers/vs1/usr/bin/hello" with the line "my own"
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello 2>&1 | grep differs"
    Then it prints "File /vservers/vs1/usr/bin/hello differs from /vservers/ref/usr/bin/hello, not unified"
    And the file "/vservers/vs1/usr/bin/hello" has the line "my own"
    When I run "/usr/lib/vserver/vunify --overwrite ref vs1 -- hello"
    Then the file "/vservers/vs1/usr/bin/hello" has the line "hello 1.0"

  Scenario: a file with another mode or owner is not the same file
    Given I run "chmod 4755 /vservers/vs1/usr/bin/hello"
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello 2>&1 | grep -c differs"
    Then it prints "1"
    And the file "/vservers/ref/usr/bin/hello" has the mode 0755

  Scenario: a file that is open for writing is left alone
    Given "sh -c 'exec sleep 60 3>>/vservers/vs1/usr/bin/hello'" runs in the background
    And the process "sleep 60" runs on the host
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello"
    Then the command fails with status 255
    And standard error contains "File /vservers/vs1/usr/bin/hello is open for writing, not unified"

  Scenario: what is no file in the guest is left alone
    Given I run "ln -sf /bin/true /vservers/vs1/usr/bin/hello"
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello 2>&1 | grep regular"
    Then it prints "File /vservers/vs1/usr/bin/hello is no regular file, not unified"
    When I run "readlink /vservers/vs1/usr/bin/hello"
    Then it prints "/bin/true"

  Scenario: excluded directories
    When I run "/usr/lib/vserver/vunify --excldir /usr --incldir /usr/share/doc/ ref vs1 -- hello"
    Then the command succeeds
    When I run "/root/shared"
    Then it prints "./usr/share/doc/hello/README"

  @0.6-25 @0.6-27
  Scenario: --test changes nothing, --debug tells more
    When I run "/usr/lib/vserver/vunify --test --debug --noflags ref vs1 -- hello"
    Then the command succeeds
    And the output has the line "ln /vservers/ref/usr/bin/hello /vservers/vs1/usr/bin/hello"
    When I run "/root/shared"
    Then it prints nothing
    When I run "/usr/lib/vserver/vunify --debug ref vs1 -- hello"
    Then the output has the line "Unify /vservers/ref/usr/bin/hello -> /vservers/vs1/usr/bin/hello"

  @0.6-26 @0.4-10
  Scenario: --undo gives the guest files of its own, as they were
    Given I run "/usr/lib/vserver/vunify ref vs1 -- ALL"
    When I run "/usr/lib/vserver/vunify --undo ref vs1 -- ALL"
    Then the command succeeds
    When I run "/root/shared"
    Then it prints nothing
    When I run "cd /vservers; lsattr vs1/usr/bin/hello; stat -c '%a %h' vs1/usr/bin/hello; cmp {ref,vs1}/usr/bin/hello"
    Then the output has the line "755 1"
    And the output does not contain "i----"

  @0.16-29
  Scenario: no child process is left
    When I run "/usr/lib/vserver/vunify ref vs1 -- ALL; ps -A -o stat= | grep -c Z"
    Then the command fails with status 1

  @0.26-06
  Scenario: guests with Debian
    Given a guest "deb1" with Debian at 192.0.2.21
    And a guest "deb2" with Debian at 192.0.2.22
    When I run "/usr/lib/vserver/vunify deb1 deb2 -- cron"
    Then the command succeeds
    When I run "cd /vservers; [ deb1/usr/sbin/cron -ef deb2/usr/sbin/cron ] && ! [ deb1/etc/crontab -ef deb2/etc/crontab ]"
    Then the command succeeds
