"""What would mend a failed criterion, and what that would come to: changes to the graph, rebuilt and measured again."""
