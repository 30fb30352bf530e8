Feature: showattr and setattr show and replace the attributes of files
  One program under two names.

  Scenario: a file is made immutable and released again
    Given the empty file "/tmp/file"
    When I run "/usr/lib/vserver/setattr --immutable /tmp/file"
    Then the command succeeds
    When I run "/usr/lib/vserver/showattr /tmp/file; rm -f /tmp/file"
    Then the command fails with status 1
    And standard error contains "Operation not permitted"
    When I run "/usr/lib/vserver/setattr /tmp/file && rm /tmp/file"
    Then the command succeeds

  Scenario: immutable linkage is refused where nothing would protect the file
    Given the empty file "/tmp/file"
    When I run "/usr/lib/vserver/setattr --immulink /tmp/file"
    Then the command fails with status 255
    And it says "Can't set ext2 flags on file /tmp/file (Operation not supported)" on standard error

  Scenario: the first failure ends the list
    Given I run "mkfifo /tmp/fifo; touch /tmp/file"
    When I run "/usr/lib/vserver/showattr /tmp/none /tmp/file"
    Then the command fails with status 255
    And it prints nothing
    And it says "Can't open file /tmp/none (No such file or directory)" on standard error

  Scenario Outline: neither links nor special files are opened
    Given I run "mkfifo /tmp/fifo; ln -s /etc/passwd /tmp/link"
    When I run "/usr/lib/vserver/setattr --immutable <file>"
    Then the command fails with status 255
    And it says "Can't open file <file> (Operation not supported)" on standard error

    Examples:
      | file      |
      | /tmp/fifo |
      | /tmp/link |
      | /dev/null |

  Scenario Outline: how setattr is called
    When I run "/usr/lib/vserver/setattr <words>"
    Then the command fails with status 255
    And standard error contains "setattr version 0.31"

    Examples:
      | words       |
      |             |
      | --immutable |

  Scenario: an option that is none
    When I run "/usr/lib/vserver/setattr --append /etc/passwd"
    Then the command fails with status 255
    And it says "Invalid option --append" on standard error
