Feature: vbuild refuses what cannot be

  Background:
    Given a guest "ref" with the RPM packages hello-1.0-1

  Scenario Outline: <text>
    When I run "/usr/lib/vserver/vbuild <words>"
    Then the command fails with status 255
    And standard error contains "<text>"

    Examples:
      | words                     | text                                          |
      | ref                       | vbuild [ options ] reference-server           |
      | --magic ref new           | Invalid option --magic                        |
      | nobody new                | Unknown vserver nobody                        |
      | ref /vservers/ref         | Can't vbuild /vservers/ref from itself        |
      | ref /vservers/ref/usr/new | Can't vbuild /vservers/ref/usr/new from itself |
      | ref /tmp/new              | Can't vbuild /tmp/new because it is not on the same volume as ref |
      | ref -new                  | Unknown vserver -new                          |

  Scenario: a reference without packages is copied
    Given a guest "bare"
    When I run "/usr/lib/vserver/vbuild bare new"
    Then the command succeeds
    And it says "Distribution not supported yet" on standard error
    And the file "/vservers/new/etc/passwd" exists

  Scenario: to another disk by copying
    When I run "/usr/lib/vserver/vbuild --method copy ref /tmp/new"
    Then the command succeeds
    And the file "/tmp/new/usr/bin/hello" has the line "hello 1.0"

  Scenario: a file that has as many names as the file system allows is copied
    Given the guests lie on a new ext4 file system
    And a guest "ref" with the RPM packages hello-1.0-1
    And the executable file "/root/link":
      """
      #!/usr/bin/python3
      import os
      os.mkdir("/vservers/links")
      for number in range(64999):
          os.link("/vservers/ref/usr/bin/hello", f"/vservers/links/{number}")
      """
    And I run "/root/link"
    When I run "/usr/lib/vserver/vbuild --noflags ref new"
    Then the command fails with status 255
    And it says "Can't link /vservers/ref/usr/bin/hello to /vservers/new/usr/bin/hello (Too many links)" on standard error
    And the file "/vservers/new/usr/bin/hello" has the line "hello 1.0"
