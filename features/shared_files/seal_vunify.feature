Feature: on ext4 the kernel seals what vunify shares
  A sealed file cannot be changed from any guest, but each guest may remove or replace its own
  name of it, as with the old kernel's immutable_link. It takes a kernel that was booted with BPF
  among its security modules.

  Background:
    Given the guests lie on a new ext4 file system
    And the kernel seals files there
    And a guest "ref" with the RPM packages hello-1.0-1
    And a guest "vs1" with the RPM packages hello-1.0-1

  @0.6-30 @0.6-32
  Scenario: --immutable-mayunlink after --noflags sets the link flag alone
    When I run "/usr/lib/vserver/vunify --noflags --immutable-mayunlink ref vs1 -- hello"
    Then the command succeeds
    And standard error is empty
    When I run "/usr/lib/vserver/showattr /vservers/ref/usr/bin/hello | cut -f 2"
    Then it prints "00088000"
    When the guest "vs1" runs "chmod 4755 /usr/bin/hello"
    Then standard error contains "Operation not permitted"
    When the guest "vs1" runs "rm /usr/bin/hello"
    Then the command succeeds

  @0.6-31
  Scenario: without an option both flags are set
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello"
    Then the command succeeds
    And standard error is empty
    When I run "/usr/lib/vserver/showattr /vservers/ref/usr/bin/hello | cut -f 2"
    Then it prints "00088010"

  @0.6-32
  Scenario: --immutable alone leaves both flags
    When I run "/usr/lib/vserver/vunify --immutable ref vs1 -- hello"
    And I run "/usr/lib/vserver/showattr /vservers/ref/usr/bin/hello | cut -f 2"
    Then it prints "00088010"

  @0.6-03 @0.6-07 @0.6-08
  Scenario: a guest replaces a sealed file, the others keep theirs
    Given a guest "vs2" with the RPM packages hello-1.0-1
    And I run "/usr/lib/vserver/vunify ref vs1 vs2 -- hello"
    When the guest "vs1" runs "sh -c 'echo new >/tmp/hello && mv -f /tmp/hello /usr/bin/hello'"
    Then the command succeeds
    And the file "/vservers/vs1/usr/bin/hello" has the line "new"
    And the file "/vservers/vs2/usr/bin/hello" has the line "hello 1.0"
    When the guest "vs2" runs "sh -c 'echo evil >>/usr/bin/hello'"
    Then standard error contains "Operation not permitted"

  Scenario: --undo takes the flags away
    Given I run "/usr/lib/vserver/vunify ref vs1 -- hello"
    When I run "/usr/lib/vserver/vunify --undo ref vs1 -- hello"
    And I run "/usr/lib/vserver/showattr /vservers/vs1/usr/bin/hello | cut -f 2"
    Then it prints "00080000"
    When the guest "vs1" runs "sh -c 'echo more >>/usr/bin/hello'"
    Then the command succeeds
