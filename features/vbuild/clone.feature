Feature: vbuild makes a new guest as a copy of another one

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1 world-2.3-4
    And the executable file "/root/list":
      """
      #!/bin/sh
      cd "$1" && find . ! -type s -printf '%p %y %m %U:%G %s %l\n' | sed '/ d /s/ [0-9]* $//' | sort
      """

  @0.6-10 @0.6-11
  Scenario: each new tree has all that the other one has
    When I run "/usr/lib/vserver/vbuild ref new1 new2"
    Then the command succeeds
    When I run "for name in ref new1 new2; do /root/list /vservers/$name | md5sum; done | uniq | wc -l"
    Then it prints "1"

  @0.6-12 @0.6-20
  Scenario: files of packages are shared, all else is copied
    Given the file "/vservers/ref/root/notes" with the line "private"
    When I run "/usr/lib/vserver/vbuild ref new1"
    And I run "cd /vservers/ref; for file in usr/bin/hello etc/hello.conf root/notes; do [ $file -ef ../new1/$file ] && echo $file; done"
    Then it prints "usr/bin/hello"
    And the file "/vservers/new1/root/notes" has the line "private"

  @0.6-13 @0.10-02
  Scenario: a new guest takes little space
    When I run "head -c 4M /dev/urandom >/vservers/ref/usr/bin/hello; /usr/lib/vserver/vbuild ref new1; vdu /vservers/ref /vservers/new1 | cut -f 1 | wc -l"
    Then it prints "2"
    When I run "[ $(vdu /vservers/new1 | sed 's/.*\t//; s/K//') -lt $(($(du -sk /vservers/new1 | cut -f 1) - 4000)) ]"
    Then the command succeeds

  @0.6-14
  Scenario: --test shows it and does nothing
    When I run "/usr/lib/vserver/vbuild --test ref new1"
    Then the command succeeds
    And the output has the line "mkdir /vservers/new1/usr/bin; chmod 755 /vservers/new1/usr/bin"
    And the output has the line "ln /vservers/ref/usr/bin/hello /vservers/new1/usr/bin/hello"
    And the output has the line "cp -a /vservers/ref/etc/hello.conf /vservers/new1/etc/hello.conf"
    And the file "/vservers/new1" does not exist

  @0.6-15
  Scenario: --debug tells more with each use
    When I run "/usr/lib/vserver/vbuild --debug ref new1"
    Then the output has the line "Copying directory /usr/bin"
    And the output does not contain "Linking file"
    When I run "/usr/lib/vserver/vbuild --debug --debug --debug ref new2"
    Then the output has the line "Linking file /vservers/ref/usr/bin/hello"
    And the output has the line "Copying file /vservers/ref/etc/hello.conf"

  @0.6-19
  Scenario: --stats counts
    When I run "/usr/lib/vserver/vbuild --stats ref new1 | sed 's/[0-9]*$/N/'"
    Then it prints:
      """
      Directory created: N
      Files copied     : N
      Bytes copied     : N
      Files linked     : N
      Files symlinked  : N
      Special files    : N
      """
    When I run "/usr/lib/vserver/vbuild --stats ref new2 | grep 'Files linked'"
    Then it prints "Files linked     : 6"

  @0.6-16
  Scenario: --noflags
    Given I run "/usr/lib/vserver/vbuild --noflags ref new1"
    When I run "rm /vservers/new1/usr/bin/hello"
    Then the command succeeds

  @0.6-17 @0.6-21
  Scenario: one flag needs --noflags first
    Given I run "/usr/lib/vserver/vbuild --noflags --immutable ref new1"
    When the guest "ref" runs "rm -f /usr/bin/hello"
    Then standard error contains "Operation not permitted"

  @0.9-19 @0.9-20
  Scenario: other file systems in the tree stay where they are
    Given the guest "ref" is running
    And I run "mkdir /vservers/ref/data; mount -t tmpfs none /vservers/ref/data; touch /vservers/ref/data/file; mount -t proc proc /vservers/ref/proc"
    When I run "/usr/lib/vserver/vbuild ref new1"
    Then the command succeeds
    And the directory "/vservers/new1/data" is empty
    And the directory "/vservers/new1/proc" is empty

  @0.22-15 @0.22-16
  Scenario: of excluded directories there is only the structure
    Given I run "cd /vservers/ref; mkdir -p srv/data/deep ab a; touch srv/data/deep/file ab/file a/file; ln -s x a/link"
    When I run "/usr/lib/vserver/vbuild --excldir /srv/data/ --excldir /a ref new1"
    Then the command succeeds
    When I run "cd /vservers/new1; find srv ab a | sort"
    Then it prints:
      """
      a
      ab
      ab/file
      srv
      srv/data
      srv/data/deep
      """

  Scenario: an interrupted vbuild is started again
    Given I run "/usr/lib/vserver/vbuild ref new1"
    And I run "chattr -f -R -i /vservers/new1/usr/bin; rm -r /vservers/new1/usr/bin /vservers/new1/etc/hello.conf"
    When I run "/usr/lib/vserver/vbuild ref new1"
    Then the command succeeds
    When I run "for name in ref new1; do /root/list /vservers/$name | md5sum; done | uniq | wc -l"
    Then it prints "1"

  Scenario: what is in the way stays
    Given I run "mkdir -p /vservers/new1/etc; ln -s /etc/shadow /vservers/new1/etc/hello.conf"
    When I run "/usr/lib/vserver/vbuild ref new1"
    Then the command fails with status 255
    And standard error contains "Can't create /vservers/new1/etc/hello.conf (File exists)"
    When I run "readlink /vservers/new1/etc/hello.conf"
    Then it prints "/etc/shadow"

  Scenario: on a terminal it shows how far it is
    When I run "/usr/lib/vserver/vbuild ref new1" on a terminal
    Then the screen shows "vbuild: "
    And the screen shows " files/s"
    And the command on the terminal ends with status 0

  Scenario: a file that is open for writing is copied
    Given "sh -c 'exec sleep 60 3>>/vservers/ref/usr/bin/hello'" runs in the background
    And the process "sleep 60" runs on the host
    When I run "/usr/lib/vserver/vbuild ref new1"
    Then the command fails with status 255
    And standard error contains "File /vservers/ref/usr/bin/hello is open for writing, not unified"
    And the file "/vservers/new1/usr/bin/hello" has the line "hello 1.0"
    When I run "stat -c %h /vservers/ref/usr/bin/hello"
    Then it prints "1"
