Feature: on ext4 the kernel seals what vbuild shares

  Background:
    Given the guests lie on a new ext4 file system
    And the kernel seals files there
    And a guest "ref" with the RPM packages hello-1.0-1

  @0.6-18 @0.6-21
  Scenario: --immutable-mayunlink after --noflags sets the link flag alone
    When I run "/usr/lib/vserver/vbuild --noflags --immutable-mayunlink ref new1"
    Then the command succeeds
    And standard error is empty
    When I run "/usr/lib/vserver/showattr /vservers/new1/usr/bin/hello | cut -f 2"
    Then it prints "00088000"
    When the guest "ref" runs "sh -c 'echo evil >>/usr/bin/hello'"
    Then standard error contains "Operation not permitted"

  @0.6-20
  Scenario: both flags are set without an option
    When I run "/usr/lib/vserver/vbuild ref new1"
    And I run "/usr/lib/vserver/showattr /vservers/new1/usr/bin/hello | cut -f 2"
    Then it prints "00088010"
    When the guest "ref" runs "rm /usr/bin/hello"
    Then the command succeeds
