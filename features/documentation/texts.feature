Feature: documentation as text
  What was published about the package comes with it, to be read anywhere.

  @0.20-01
  Scenario: the change log, an introduction and a FAQ are plain text
    Then the text "changelog-0.31.txt" has "Version 0.0" and "Version 0.31"
    And the text "introduction.txt" has "chbind" and "chcontext"
    And the text "faq.txt" has "dhcpd" and "samba"

  @0.2-01
  Scenario Outline: the introduction names every option of <command>
    Then every option in the usage of "<command>" is in the text "introduction.txt"

    Examples:
      | command   |
      | chcontext |
      | chbind    |
      | reducecap |
      | vserver   |

  @0.10-32
  Scenario: what to remove from an inittab under fakeinit is told
    Then the text "introduction.txt" has "fakeinit" and "/etc/inittab"
    And the text "introduction.txt" has "ctrlaltdel" and "getty"
