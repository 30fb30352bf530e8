@0.26-05
Feature: parserpmdump finds the plain files in the output of rpm

  Background:
    Given a guest "web" with the RPM packages hello-1.0-1
    And I run "rpm --root /vservers/web --dbpath /var/lib/rpm -ql --dump hello >/tmp/dump"

  Scenario: regular files that are no configuration
    When I run "/usr/lib/vserver/parserpmdump /var/ </tmp/dump"
    Then it prints:
      """
      /etc/hello.plain
      /usr/bin/hello
      /usr/share/doc/hello/README
      /usr/share/hello/a file
      """

  Scenario: without those that start with a prefix
    When I run "/usr/lib/vserver/parserpmdump /etc/ /usr/share /var </tmp/dump"
    Then it prints "/usr/bin/hello"

  Scenario: lines of another kind
    When I run "/usr/lib/vserver/parserpmdump" with the input:
      """
      /usr/bin/x 1 2 3
      /usr/bin/x 1 2 3 mode root root 0 0 0 X
      package x is not installed
      """
    Then the command succeeds
    And it prints nothing

  Scenario: standard input cannot be read
    When I run "/usr/lib/vserver/parserpmdump </proc/self/mem"
    Then the command fails with status 1
    And it says "parserpmdump: read error: Input/output error" on standard error

  Scenario: standard output cannot be written
    When I run "/usr/lib/vserver/parserpmdump >/dev/full </tmp/dump"
    Then the command fails with status 1
    And it says "parserpmdump: write error: No space left on device" on standard error
