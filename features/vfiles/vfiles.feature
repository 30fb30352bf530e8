Feature: vfiles lists what of a guest cannot be shared

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1
    And I run "/usr/lib/vserver/vbuild ref vs1"
    And I run "echo changed >/vservers/vs1/etc/hello.conf; echo mine >/vservers/vs1/root/mine"

  @0.14-08
  Scenario: configuration and private files, and no shared program
    When I run "vfiles ref vs1"
    Then the command succeeds
    And the output has the line "/vservers/vs1/etc/hello.conf"
    And the output has the line "/vservers/vs1/root/mine"
    When I run "vfiles ref vs1 | grep -c -x /vservers/vs1/usr/bin/hello"
    Then it prints "0"

  Scenario: a file of a package that was changed is not lost
    Given I run "chattr -i /vservers/vs1/usr/bin/hello; rm /vservers/vs1/usr/bin/hello; echo other >/vservers/vs1/usr/bin/hello"
    When I run "vfiles ref vs1"
    Then the output has the line "/vservers/vs1/usr/bin/hello"

  @0.14-09
  Scenario: an archive of the list and vunify make the guest again
    Given I run "cd /vservers/vs1; vfiles --null ref /vservers/vs1 | sed -z s,^/vservers/vs1/,, | tar -c --null -T - >/tmp/vs1.tar"
    And I run "mkdir /vservers/vs2; tar -x -C /vservers/vs2 -f /tmp/vs1.tar"
    When I run "/usr/lib/vserver/vunify ref /vservers/vs2 -- ALL"
    Then the command succeeds
    When I run "for name in vs1 vs2; do (cd /vservers/$name; find . ! -type d -printf '%p %y %m %s %l\n' | sort | md5sum); done | uniq | wc -l"
    Then it prints "1"

  Scenario: links can be left out
    When I run "vfiles --ignorelink ref vs1 | grep -c hello-link"
    Then it prints "0"
    When I run "vfiles ref vs1 | grep -c hello-link"
    Then it prints "1"

  Scenario: --debug does not mix with the list
    When I run "vfiles --debug ref vs1 2>/dev/null | grep -c Entering"
    Then it prints "0"

  Scenario: nobody takes the list
    Given I run "mkdir /vservers/vs1/many && cd /vservers/vs1/many && seq 2000 | xargs touch"
    When I run "/usr/sbin/vfiles ref vs1 >/dev/full"
    Then the command fails with status 255
    And it says "vfiles: write error: No space left on device" on standard error
    When I run "/usr/sbin/vfiles ref vs1 | true"
    Then standard error is empty
