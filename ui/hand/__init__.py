"""The instrument in an operator's hand: connecting, reading, setting, sending the stage."""
