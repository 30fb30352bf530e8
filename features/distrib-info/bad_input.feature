Feature: distrib-info says what it cannot answer

  Scenario Outline: how it is called
    Given a guest "web" with the RPM packages hello-1.0-1
    When I run "/usr/lib/vserver/distrib-info <words>"
    Then the command fails with status 1
    And it prints nothing
    And standard error contains "<text>"

    Examples:
      | words                 | text                                             |
      |                       | distrib-info vserver-name command [ args ... ]   |
      | web                   | pkgversion: all packages with their version      |
      | web unifiles          | Commands are:                                    |
      | web files             | unknown request files                            |
      | nobody pkgversion     | Unknown vserver nobody                           |
      | web dumpfiles x       | package x is not installed                       |
      | web dumpfiles hello-2 | package hello-2 is not installed                 |

  Scenario: one package is missing, the other is still listed
    Given a guest "web" with the RPM packages hello-1.0-1
    When I run "/usr/lib/vserver/distrib-info web unifiles world hello"
    Then the command fails with status 1
    And the output has the line "/usr/bin/hello"
    And it says "package world is not installed" on standard error

  Scenario: a guest without any packages
    Given a guest "web"
    When I run "/usr/lib/vserver/distrib-info web pkgversion"
    Then the command fails with status 1
    And it says "Distribution not supported yet" on standard error

  Scenario Outline: a database that is none
    Given a guest "web" with the RPM packages hello-1.0-1
    And I run "cd /vservers/web/var/lib/rpm && rm -f * && <damage>"
    When I run "/usr/lib/vserver/distrib-info web pkgversion"
    Then the command fails with status 1
    And it prints nothing
    And standard error is one line
    And standard error contains "<text>"

    Examples:
      | damage                                   | text                                  |
      | yes \| head -c 100000 >rpmdb.sqlite      | Can't read package database of web    |
      | mkfifo rpmdb.sqlite                      | Distribution not supported yet        |
      | ln -s /etc/shadow rpmdb.sqlite           | Distribution not supported yet        |
      | truncate -s 3G rpmdb.sqlite              | Can't read package database of web    |
