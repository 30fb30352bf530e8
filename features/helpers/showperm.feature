Feature: showperm shows the permissions of files
  vserver compares the parent of a guest's root with 000.

  Scenario: the nine permission bits, of a link its own
    Given I run "mkdir -m 0 /tmp/closed; mkdir -m 4751 /tmp/open; ln -s closed /tmp/link"
    When I run "/usr/lib/vserver/showperm /tmp/closed /tmp/open /tmp/link"
    Then the command succeeds
    And it prints:
      """
      000
      751
      777
      """

  Scenario: the list goes on after a file that is not there
    When I run "/usr/lib/vserver/showperm /tmp/none /"
    Then the command fails with status 255
    And it prints "755"
    And it says "can't lstat /tmp/none (No such file or directory)" on standard error
