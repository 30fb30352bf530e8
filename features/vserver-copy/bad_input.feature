Feature: vserver-copy checks everything before it changes anything

  Background:
    Given a guest "web"
    And the directory "/vservers/bare"

  Scenario Outline: how it is called
    When I run "vserver-copy <words>"
    Then the command fails with status 1
    And standard error contains "<text>"
    And the file "/vservers/web2" does not exist
    And the file "/etc/vservers/web2.conf" does not exist

    Examples:
      | words                            | text                                                                |
      |                                  | Usage: vserver-copy [-hVvqidrRs] vserver newname                    |
      | web                              | (See -h for help)                                                   |
      | -x web web2                      | (See -h for help)                                                   |
      | web W                            | Second argument must be of the form "[host:]name" or "host:"        |
      | web -host:web2                   | (See -h for help)                                                   |
      | web host-:web2                   | Second argument must be of the form "[host:]name" or "host:"        |
      | web ../web2                      | Second argument must be of the form "[host:]name" or "host:"        |
      | nobody web2                      | Directory "/vservers/nobody" does not exist                         |
      | bare web2                        | Vserver file "/etc/vservers/bare.conf" does not exist               |
      | web web                          | Source and destination names cannot be the same on the localhost    |
      | -i 192.0.2.21 web web2           | Both IP address and domain must be specified together               |
      | -d example.org web web2          | Both IP address and domain must be specified together               |
      | -i 192.0.2.256 -d e.org web web2 | "192.0.2.256" is not a valid IP address                             |
      | -i 192.0.2.21 -d 'a b' web web2  | "a b" is not a valid domain                                         |

  Scenario: help and version
    When I run "vserver-copy --help"
    Then the command succeeds
    And the output contains "--stopstart"
    When I run "vserver-copy -V"
    Then the command succeeds
    And the output has the line "vserver-copy version 0.31"

  @0.26-13
  Scenario: without rsync
    Given there is no file "/usr/bin/rsync"
    When I run "vserver-copy web web2"
    Then the command fails with status 1
    And it says "E: vserver-copy: rsync is not installed on this host" on standard error

  Scenario: never over a running guest
    Given a guest "web2"
    And the guest "web2" is running
    When I run "vserver-copy web web2"
    Then the command fails with status 1
    And standard error contains "E: vserver-copy: Cannot copy over a running vserver"

  Scenario: a copy that fails starts the source again
    Given the guest "web" is running
    And the file "/vservers/web2" with the line "in the way"
    When I run "vserver-copy -s web web2"
    Then the command fails with status 1
    And standard error contains "E: vserver-copy: rsync failed"
    And the guest "web" is running

  Scenario: only root can
    Given the host has the user "joe"
    When I run "su joe -c 'vserver-copy web web2'"
    Then the command fails with status 1
    And it prints nothing
    And it says "E: vserver-copy: only root can do that" on standard error
