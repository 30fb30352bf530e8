Feature: on btrfs and xfs guests have files of their own that share blocks

  Scenario Outline: what vunify and vdu tell is what the <type> file system tells
    Given the guests lie on a new <type> file system
    And a guest "ref" with the RPM packages hello-1.0-1
    And the executable file "/root/figures":
      """
      #!/bin/sh
      # what the file system has in use, and what vdu finds in vs1, in KiB
      sync -f /vservers
      df --output=used /vservers | tail -n 1
      vdu /vservers/vs1 | cut -f 2 | tr -d K
      """
    And I run "head -c 3072000 /dev/urandom >/vservers/ref/usr/bin/hello; cp -a /vservers/ref /vservers/vs1"
    And I run "cp --reflink=never /vservers/ref/usr/bin/hello /vservers/vs1/usr/bin; /root/figures >/tmp/before"
    When I run "/usr/lib/vserver/vunify --debug --stats ref vs1 -- hello"
    Then the output has the line "Files of /vservers/vs1 are shared by reflink"
    And the output has the line "Bytes saved      : 3072000"
    When I run "/root/figures | paste /tmp/before - | while read -r a b; do echo $((a - b)); done"
    Then it prints:
      """
      3000
      3000
      """
    When I run "filefrag -v /vservers/vs1/usr/bin/hello | grep -c shared"
    Then the command succeeds

    Examples:
      | type  |
      | btrfs |
      | xfs   |

  Scenario Outline: files that differ are not taken for shared
    Given the guests lie on a new btrfs file system
    And a guest "ref" with the RPM packages hello-1.0-1
    And I run "<size> >>/vservers/ref/usr/bin/hello; cp -a /vservers/ref /vservers/vs1"
    And I run "<change> /vservers/vs1/usr/bin/hello; sync -f /vservers"
    When I run "/usr/lib/vserver/vunify ref vs1 -- hello 2>&1 | grep differs"
    Then it prints "File /vservers/vs1/usr/bin/hello differs from /vservers/ref/usr/bin/hello, not unified"
    When I run "/usr/lib/vserver/vunify --overwrite ref vs1 -- hello && cmp /vservers/ref/usr/bin/hello /vservers/vs1/usr/bin/hello"
    Then the command succeeds

    Examples:
      | size                   | change                |
      | true                   | sed -i s/hello/jello/ |
      | head -c 9000 /dev/zero | truncate -s -1        |
