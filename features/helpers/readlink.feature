@0.3-06
Feature: readlink shows where a symbolic link points
  The package brings its own readlink, for systems that have none.

  Scenario: the target is printed as it is
    Given the symbolic link "/tmp/link" to "../no such/place"
    When I run "/usr/lib/vserver/readlink /tmp/link"
    Then the command succeeds
    And it prints "../no such/place"

  Scenario: the program of a process
    When I run "/usr/lib/vserver/readlink /proc/self/exe"
    Then the output contains "/usr/bin/python3"

  Scenario: a file that is not a link
    When I run "/usr/lib/vserver/readlink /etc/passwd"
    Then the command fails with status 255
    And it says "readlink failed for file /etc/passwd (Invalid argument)" on standard error

  Scenario: called without a link
    When I run "/usr/lib/vserver/readlink"
    Then the command fails with status 255
    And it says on standard error:
      """
      readlink symlink-file
      Print the contents of a symbolic link, that is, the path it points to.
      """
